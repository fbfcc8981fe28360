import { ManagementError } from '../../src/management/types';
import type { OperationView } from '../../src/management/types';
import type { Gateway, World } from './support/world';
import { device, givenWorld, lampDdf, libraryOf, mo, operation, serve } from './support/world';

const NEW_NODE =
  '<Node><NodeName>Name</NodeName><DFProperties><AccessType><Get/></AccessType><DFFormat><chr/></DFFormat></DFProperties></Node>';

let world: World;
let gateway: Gateway;

beforeEach(async () => {
  world = givenWorld({ devices: [device('1')], objects: [mo('1', 'Lamp', { Colour: 'red', Name: 'desk' })] });
  gateway = await serve(world);
});
afterEach(() => gateway.close());

describe('DDFs at run time', () => {
  test('a node that a new DDF brings can be asked for as soon as the library has it, and not before', async () => {
    const query = '{ device(deviceId: "IMEI:1") { acmeLamp { name } } }';
    expect((await gateway.ask(query)).errors?.[0]?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
    await world.swap(libraryOf(lampDdf(NEW_NODE)));
    expect((await gateway.ask(query)).data).toEqual({ device: { acmeLamp: { name: 'desk' } } });
    await world.swap(libraryOf(lampDdf()));
    expect((await gateway.ask(query)).errors?.[0]?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  test('a request under way ends on the schema that it began with', async () => {
    let finish: (value: OperationView) => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      world.onSubmit = () =>
        new Promise((ended) => {
          finish = ended;
          resolve();
        });
    });
    world.objects = [mo('1', 'Lamp', { Colour: 'red' }, { completeAt: null })];
    const answer = gateway.ask('{ device(deviceId: "IMEI:1") { acmeLamp(maxAge: "PT1S") { colour } } }');
    await asked;
    await world.swap(libraryOf());
    finish(operation());
    expect((await answer).data).toEqual({ device: { acmeLamp: { colour: 'red' } } });
    expect((await gateway.ask('{ device(deviceId: "IMEI:1") { acmeLamp { colour } } }')).errors).toMatchObject([
      { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
    ]);
  });

  test('swaps under load fail no request', async () => {
    const libraries = [libraryOf(lampDdf(NEW_NODE)), libraryOf(lampDdf())];
    const load = Array.from({ length: 4 }, async () => {
      for (let i = 0; i < 25; i++) {
        const { data, errors } = await gateway.ask('{ device(deviceId: "IMEI:1") { acmeLamp { colour } } }');
        expect([data, errors]).toEqual([{ device: { acmeLamp: { colour: 'red' } } }, undefined]);
      }
    });
    for (let i = 0; i < 50; i++) {
      await world.swap(libraries[i % 2] ?? libraryOf());
    }
    await Promise.all(load);
  });

  test('families whose names meet are refused before they go live, with a request for a name', async () => {
    const refused = world.guard?.(libraryOf(lampDdf()), { 'urn:oma:mo:ext-acme-lamp': 'Account' });
    await expect(refused).rejects.toBeInstanceOf(ManagementError);
    await expect(refused).rejects.toMatchObject({
      code: 'DDF_REFUSED',
      message: expect.stringContaining('name of its own') as string,
    });
  });
});
