import fc from 'fast-check';

import { familyNameOf } from '../../schema/graphql/family-names';
import { fieldNameOf, pascalCase } from '../../schema/graphql/names';

describe('Names of fields', () => {
  test.each([
    ['DevId', 'devId'],
    ['DevID', 'devId'],
    ['DmV', 'dmV'],
    ['URI', 'uri'],
    ['FwV', 'fwV'],
    ['AllowUSBConnection', 'allowUsbConnection'],
    ['mo', 'moNode'],
    ['MO', 'moNode'],
    ['nodeName', 'nodeNameNode'],
    ['NodeName', 'nodeNameNode'],
    ['AAuthLevel', 'aAuthLevel'],
    ['PkgURL', 'pkgUrl'],
    ['AppIDs', 'appIds'],
    ['IPv4', 'ipv4'],
    ['IPv6Address', 'ipv6Address'],
    ['VPNv2', 'vpnv2'],
    ['TLSv13Only', 'tlsv13Only'],
    ['Public_user_identity_List', 'publicUserIdentityList'],
    ['PLMNList', 'plmnList'],
    ['PlmnList', 'plmnList'],
    ['1xA', '_1xA'],
    ['3GPD', '_3Gpd'],
    ['1', '_1'],
    ['1_2', '_1_2'],
    ['DCBatteryDischargeLevel1_2', 'dcBatteryDischargeLevel1_2'],
    ['E-Mail', 'eMail'],
    ['App-ID', 'appId'],
    ['Wi-FiMACAddress', 'wiFiMacAddress'],
    ['org.wi-fi', 'orgWiFi'],
    ['__type', 'type'],
    ['true', 'true'],
    ['Größe', 'groUdfe'],
    ['', 'items'],
  ])('%s becomes %s', (raw, name) => {
    expect(fieldNameOf(raw)).toBe(name);
  });

  test('any text gives a legal name that no part of GraphQL reserves', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'grapheme' })), (raw) => {
        expect(fieldNameOf(raw)).toMatch(/^(?!__)[_a-z][_0-9A-Za-z]{0,119}$/);
        expect(`X${pascalCase(raw)}`).toMatch(/^[A-Z][_0-9A-Za-z]*$/);
      }),
    );
  });
});

describe('Names of families', () => {
  test.each([
    ['urn:oma:mo:oma-dm-devinfo', 'DevInfo'],
    ['urn:oma:mo:oma-fumo', 'Fumo'],
    ['urn:oma:mo:oma-scomo', 'Scomo'],
    ['urn:oma:mo:oma-dm-dmacc', 'DmAcc'],
    ['urn:oma:mo:oma-dm-devdetail', 'DevDetail'],
    ['./Vendor/MSFT/BitLocker', 'MsftBitLocker'],
    ['./User/Vendor/MSFT/WiFi', 'MsftUserWiFi'],
    ['./Vendor/MSFT/VPNv2', 'MsftVpnv2'],
    ['urn:oma:mo:ext-acme-meter', 'AcmeMeter'],
    ['urn:oma:mo:ext-3gpp-ims', 'TgppIms'],
    ['urn:oma:mo:ext-3gpp-tv-config', 'TgppTvConfig'],
    ['urn:wfa:mo:hotspot2dot0-perprovidersubscription', 'WfaPerProviderSubscription'],
    ['com.vendor/Name', 'VendorName'],
    ['./Vendor/MSFT/Policy/Config/AboveLock', 'MsftPolicyConfigAboveLock'],
    ['./DevCommand', 'LocalDevCommand'],
    ['urn:oma:mo:oma-browser', 'Browser'],
  ])('%s is %s', (family, name) => {
    expect(familyNameOf(family)).toBe(name);
  });

  test('any text gives a legal name', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('', './', 'urn:', 'urn:oma:mo:ext-', './Vendor/'), (text, start) => {
        expect(familyNameOf(start + text)).toMatch(/^[A-Z][_0-9A-Za-z]{0,119}$/);
      }),
    );
  });
});
