/** Devices with different versions of one object: what each is asked and told, in the same words. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Gateway, World } from './support/world';
import { device, givenWorld, lampDdf, libraryOf, mo, serve } from './support/world';

const LAMP = 'urn:oma:mo:ext-acme-lamp';
const DEVINFO = 'urn:oma:mo:oma-dm-devinfo';
const leaf = (name: string, format: string, access: string): string =>
  `<Node><NodeName>${name}</NodeName><DFProperties><AccessType>${access}</AccessType><DFFormat><${format}/></DFFormat></DFProperties></Node>`;
const next = lampDdf(leaf('Mood', 'chr', '<Get/><Replace/>'))
  .replace(':1.0<', ':1.1<')
  .replace(
    /<NodeName>Colour<\/NodeName>.*?<\/AccessType>/s,
    '<NodeName>Colour</NodeName><DFProperties><AccessType><Get/></AccessType>',
  )
  .replace('<DFFormat><int/></DFFormat>', '<DFFormat><chr/></DFFormat>');
const catalogue = (name: string): string => readFileSync(join('schema', 'catalogue', `${name}.ddf.xml`), 'utf8');

let world: World;
let gateway: Gateway;

beforeEach(async () => {
  world = givenWorld({
    library: libraryOf(lampDdf(), next, catalogue('devinfo-1.0'), catalogue('devinfo-1.2')),
    devices: [device('1'), device('2', { protocol: 'DM_2_0' })],
    objects: [
      mo('1', 'Lamp', { Colour: 'red', Level: 3 }),
      mo('2', 'Lamp', { Colour: 'blue', Level: 'low', Mood: 'calm' }, { moid: `${LAMP}:1.1`, version: '1.1' }),
      mo('1', 'DevInfo', { DevId: 'IMEI:1', Man: 'Acme' }, { family: DEVINFO, moid: `${DEVINFO}:1.0`, version: '1.0' }),
      mo(
        '2',
        'x',
        { DevID: 'IMEI:2', Man: 'Bolt', FwV: '7' },
        { family: DEVINFO, moid: `${DEVINFO}:1.2`, version: '1.2' },
      ),
    ],
  });
  gateway = await serve(world);
});
afterEach(() => gateway.close());

async function asked(query: string): Promise<unknown> {
  const { data, errors } = await gateway.ask(query);
  expect(errors).toBeUndefined();
  return data;
}

/** Code and path of what a mutation is refused for; absent when it is taken. */
async function refusal(query: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { errors } = await gateway.ask(query);
  return errors?.[0]?.extensions;
}

const replace = (of: string, fields: string): Promise<Readonly<Record<string, unknown>> | undefined> =>
  refusal(`mutation { replaceAcmeLamp(input: { deviceId: "IMEI:${of}", ${fields} }) { state } }`);

test('one query asks DevInfo 1.0 of a DM 1.x device and DevInfo 1.2 of a DM 2.0 device alike', async () => {
  const fields = '{ man devId fwV mo { moid version } }';
  expect(
    await asked(
      `{ one: device(deviceId: "IMEI:1") { devInfo ${fields} } two: device(deviceId: "IMEI:2") { devInfo ${fields} } }`,
    ),
  ).toEqual({
    one: { devInfo: { man: 'Acme', devId: 'IMEI:1', fwV: null, mo: { moid: `${DEVINFO}:1.0`, version: '1.0' } } },
    two: { devInfo: { man: 'Bolt', devId: 'IMEI:2', fwV: '7', mo: { moid: `${DEVINFO}:1.2`, version: '1.2' } } },
  });
});

test('a node that changed its shape answers in the field of the shape that the device has', async () => {
  const fields = '{ level levelAsText }';
  expect(
    await asked(
      `{ one: device(deviceId: "IMEI:1") { acmeLamp ${fields} } two: device(deviceId: "IMEI:2") { acmeLamp ${fields} } }`,
    ),
  ).toEqual({
    one: { acmeLamp: { level: 3, levelAsText: null } },
    two: { acmeLamp: { level: null, levelAsText: 'low' } },
  });
});

test('a typed mutation takes what the version of this device takes', async () => {
  expect(await replace('1', 'colour: "green"')).toBeUndefined();
  expect(await replace('2', 'colour: "green"')).toMatchObject({ code: 'ACCESS_TYPE', path: 'Colour' });
  expect(await replace('1', 'mood: "wild"')).toMatchObject({ code: 'NOT_IN_DDF', path: 'Mood' });
  expect(await replace('2', 'mood: "wild"')).toBeUndefined();
  expect(await replace('1', 'levelAsText: "low"')).toMatchObject({ code: 'NOT_IN_DDF', path: 'Level' });
  expect(await replace('2', 'levelAsText: "low"')).toBeUndefined();
  expect(world.submitted.map(({ deviceId }) => deviceId)).toEqual(['IMEI:1', 'IMEI:2', 'IMEI:2']);
});
