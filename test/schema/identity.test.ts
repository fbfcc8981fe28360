import { canonicalPlace, compareVersions, familyOf, versionOf } from '../../schema/ddf/identity';

describe('Identity of MO types', () => {
  test.each([
    ['urn:oma:mo:oma-fumo:1.0', 'urn:oma:mo:oma-fumo', '1.0'],
    ['urn:oma:mo:oma-fumo', 'urn:oma:mo:oma-fumo', ''],
    ['urn:wfa:mo-ext:hotspot2dot0-devdetail-ext :1.0', 'urn:wfa:mo-ext:hotspot2dot0-devdetail-ext', '1.0'],
    ['com.vendor/1.0/Name', 'com.vendor/Name', '1.0'],
    ['org.openmobilealliance/1.0/FirmwareUpdateManagementObject', 'urn:oma:mo:oma-fumo', '1.0'],
    ['./Device/Vendor/MSFT/BitLocker', './Vendor/MSFT/BitLocker', ''],
    ['./User/Vendor/MSFT/WiFi/', './User/Vendor/MSFT/WiFi', ''],
    ['com.microsoft/1.2/MDM/DMClient', './Vendor/MSFT/DMClient', '1.2'],
    ['./DevDetail', 'urn:oma:mo:oma-dm-devdetail', ''],
  ])('%s is of the family %s, version "%s"', (moid, family, version) => {
    expect(familyOf(moid)).toBe(family);
    expect(versionOf(moid)).toBe(version);
    expect(familyOf(family)).toBe(family);
  });

  test('versions sort by number, none first', () => {
    expect(['1.10', '', '1.2', '1.0'].sort(compareVersions)).toEqual(['', '1.0', '1.2', '1.10']);
  });

  test('one place has one spelling', () => {
    expect(['./A/B/', 'A/B', './A//B', '/A/B'].map(canonicalPlace)).toEqual(new Array(4).fill('./A/B'));
    expect(['.', './', ''].map(canonicalPlace)).toEqual(['.', '.', '.']);
  });
});
