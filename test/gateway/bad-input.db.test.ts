import { decodeMessage } from '../../adapters/dm1/codec';
import type { SimulatedDevice } from '../../src/simulator';
import type { Sql } from '../../src/store/sql';
import { METER, OPERATION, PROTOCOLS, addDdf, ask, codesOf, contact, simulated, startWorld } from './support/world';
import type { Protocol, World } from './support/world';

const XML = 'application/vnd.syncml.dm+xml';
const WBXML = 'application/vnd.syncml.dm+wbxml';
const PACKAGE1 = 'application/vnd.oma.dm.initiation+json';
const PACKAGE3 = 'application/vnd.oma.dm.response+json';

/** An object of the tests' own, which no device has. */
const LAMP = `<?xml version="1.0"?><MgmtTree><VerDTD>1.2</VerDTD><Node><NodeName>Lamp</NodeName><Path>./Vendor/Acme</Path>
  <DFProperties><AccessType><Get/></AccessType><DFFormat><node/></DFFormat><Occurrence><One/></Occurrence>
    <Scope><Dynamic/></Scope><DFType><DDFName>urn:oma:mo:ext-acme-lamp:1.0</DDFName></DFType></DFProperties>
  <Node><NodeName>Lit</NodeName><DFProperties><AccessType><Get/><Replace/></AccessType><DFFormat><bool/></DFFormat>
    <Occurrence><One/></Occurrence><Scope><Permanent/></Scope><DFType><MIME>text/plain</MIME></DFType></DFProperties></Node>
  </Node></MgmtTree>`;

let world: World;
const devices = {} as Record<Protocol, SimulatedDevice>;

const idOf = (protocol: Protocol): string => `urn:uuid:bad-input-${protocol}`;

beforeAll(async () => {
  world = await startWorld();
  await addDdf(world.gateway, LAMP);
  for (const protocol of PROTOCOLS) {
    devices[protocol] = await world.device(protocol, idOf(protocol));
    await contact(devices[protocol]);
  }
});
afterAll(() => world.close());

afterEach(async () => {
  for (const protocol of PROTOCOLS) await contact(devices[protocol]);
});

/** Every row of every table, but for nonces, failure counters, the security log, the audit log of what was refused, and when a key was last used. */
async function dump(sql: Sql): Promise<Readonly<Record<string, readonly string[]>>> {
  const tables = await sql.query<{ name: string }>(
    `SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) AS name FROM information_schema.tables
     WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  const rows: Record<string, readonly string[]> = {};
  for (const { name } of tables) {
    if (/device_credential|security_log|\baudit/.test(name)) continue;
    const found = await sql.query<{ row: string }>(
      `SELECT (to_jsonb(t) - 'last_used_at')::text AS row FROM ${name} t ORDER BY 1`,
    );
    rows[name] = found.map(({ row }) => row);
  }
  return rows;
}

/** Runs `work`, which must leave the database as it was. */
async function harmless<T>(work: () => Promise<T>): Promise<T> {
  const { sql } = world.gateway.db;
  const before = await dump(sql);
  expect(Object.keys(before).length).toBeGreaterThan(12);
  const done = await work();
  expect(await dump(sql)).toEqual(before);
  return done;
}

async function post(
  path: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array | string | undefined,
  method = 'POST',
): Promise<{ readonly status: number; readonly headers: Headers; readonly text: string }> {
  const answer = await fetch(`${world.gateway.deviceUrl}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

describe('A DM 1.x message that is none', () => {
  test.each<[string, string, string | Uint8Array | undefined, number]>([
    ['broken XML', XML, '<SyncML><SyncHdr><VerDTD>1.2</VerDTD>', 400],
    ['XML that is no SyncML', XML, '<html><body>hello</body></html>', 400],
    ['XML with entities of its own', XML, '<!DOCTYPE SyncML [<!ENTITY a "b">]><SyncML>&a;</SyncML>', 400],
    ['broken WBXML', WBXML, Uint8Array.of(0x02, 0xa4, 0x01, 0x6a, 0x00, 0x6d, 0x6c, 0x71, 0xc3, 0xff), 400],
    ['octets that are nothing at all', WBXML, Uint8Array.of(0xff, 0xfe, 0xfd), 400],
    ['XML announced as WBXML', WBXML, '<SyncML/>', 400],
    ['an empty body', XML, '', 400],
    ['an empty body of WBXML', WBXML, undefined, 400],
    ['the wrong content type', 'application/json', '{}', 415],
    ['a content type that cannot be', 'nonsense;;', '<SyncML/>', 415],
  ])('is answered on the HTTP level and changes nothing: %s', async (_what, type, body, status) => {
    const answer = await harmless(() => post('/dm/1', { 'content-type': type }, body));
    expect(answer.status).toBe(status);
  });

  test('is answered 405 when it is no POST', async () => {
    const answer = await harmless(() => post('/dm/1', {}, undefined, 'GET'));
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });
});

describe('A DM 2.0 package that is none', () => {
  const deviceId = idOf('dm2');

  test.each<[string, string, string | undefined, number]>([
    ['broken JSON', PACKAGE1, '{"MOS": [', 400],
    ['JSON that is no package', PACKAGE1, '[1, 2, 3]', 400],
    ['a package of the wrong shape', PACKAGE1, '{"MOS": "all of them"}', 400],
    ['JSON that is no Package#3', PACKAGE3, '"Status"', 400],
    ['an empty body', PACKAGE1, '', 400],
    ['no body', PACKAGE1, undefined, 400],
    ['the wrong content type', 'text/plain', '{}', 415],
  ])(
    'is answered on the HTTP level, with a package that ends, and changes nothing: %s',
    async (_what, type, body, status) => {
      const answer = await harmless(() => post('/dm/2', { 'content-type': type, 'omadm-devid': deviceId }, body));
      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.text)).toEqual({ CMD: [['END']] });
      if (status === 415) expect(answer.headers.get('omadm-accept')).toContain(PACKAGE1);
    },
  );

  test('is answered 400 when it does not say whose it is', async () => {
    const answer = await harmless(() => post('/dm/2', { 'content-type': PACKAGE1 }, '{"MOS": []}'));
    expect(answer.status).toBe(400);
  });

  test('is answered 405 when it is no POST', async () => {
    const answer = await harmless(() => post('/dm/2', {}, undefined, 'PUT'));
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test('is taken by no address that was not handed out', async () => {
    const headers = { 'content-type': PACKAGE3, 'omadm-devid': deviceId };
    const answer = await harmless(() => post('/dm/2/AAAAAAAAAAAAAAAAAAAAAA', headers, '{"Status": []}'));
    expect(answer.status).toBeGreaterThanOrEqual(401);
    expect(answer.status).toBeLessThan(500);
  });
});

describe('Whoever cannot prove who they are', () => {
  /** Codes of every Status of the server's answers, in order. */
  const codes = (bodies: readonly Uint8Array[]): readonly (readonly string[])[] =>
    bodies.map((body) => {
      const decoded = decodeMessage(body, WBXML);
      if (!decoded.ok) throw new Error(decoded.message);
      return decoded.value.message.body.flatMap((command) => (command.kind === 'Status' ? [command.data] : []));
    });

  test.each(['md5', 'basic'] as const)(
    'on DM 1.x a device that nobody knows is challenged by HTTP 200 and 407 or 401, until it is refused for good (%s)',
    async (auth) => {
      const stranger = simulated('dm1', world.gateway.deviceUrl, 'IMEI:999', { auth });
      const report = await harmless(() => stranger.connect());
      expect({ authenticated: report.authenticated, violations: report.violations }).toEqual({
        authenticated: false,
        violations: [],
      });
      const answers = report.messages.filter(({ direction }) => direction === 'in');
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      expect(codes(answers.map(({ body }) => body)).flat()).toEqual(expect.arrayContaining(['401']));
      expect(
        codes(answers.map(({ body }) => body))
          .flat()
          .filter((code) => !/^40[17]$/.test(code)),
      ).toEqual([]);
    },
  );

  test('on DM 1.x a wrong secret gets 401 for every command, and lets nothing happen', async () => {
    const impostor = simulated('dm1', world.gateway.deviceUrl, idOf('dm1'), { secret: 'wrong' });
    const report = await harmless(() => impostor.connect());
    expect({ authenticated: report.authenticated, violations: report.violations }).toEqual({
      authenticated: false,
      violations: [],
    });
    const last = report.messages.at(-1);
    expect(last?.status).toBe(200);
    expect(new Set(codes([last?.body ?? new Uint8Array()])[0])).toEqual(new Set(['401']));
    expect(await securityLog('dm1')).toContain('credentialRefused');
  });

  test.each(['digest', 'basic'] as const)(
    'on DM 2.0 a device that nobody knows gets HTTP 401 with challenges (%s)',
    async (auth) => {
      const stranger = simulated('dm2', world.gateway.deviceUrl, 'urn:uuid:nobody', { auth });
      const report = await harmless(() => stranger.connect());
      expect(report).toMatchObject({ authenticated: false, violations: [], ended: 'server' });
      expect(report.messages.at(-1)?.status).toBe(401);
    },
  );

  test('on DM 2.0 a wrong secret gets HTTP 401, and lets nothing happen', async () => {
    const impostor = simulated('dm2', world.gateway.deviceUrl, idOf('dm2'), { secret: 'wrong' });
    const report = await harmless(() => impostor.connect());
    expect(report).toMatchObject({ authenticated: false, violations: [] });
    expect(report.messages.at(-1)?.status).toBe(401);
    expect(await securityLog('dm2')).toContain('credentialRefused');
  });

  async function securityLog(protocol: Protocol): Promise<readonly string[]> {
    const rows = await world.gateway.db.sql.query<{ what: string }>(
      'SELECT s.what FROM security_log s JOIN device d ON d.id = s.device_id WHERE d.device_id = $1',
      [idOf(protocol)],
    );
    return rows.map(({ what }) => what);
  }
});

describe.each(PROTOCOLS)('What a caller asks wrongly of a %s device', (protocol) => {
  const deviceId = idOf(protocol);

  async function refused(commands: readonly object[]): Promise<readonly unknown[]> {
    const answer = await harmless(() =>
      world.gateway.graphql(
        `mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { ${OPERATION} } }`,
        { input: { deviceId, commands } },
      ),
    );
    return codesOf(answer);
  }

  test('an object that the device lacks is null to read and refused to work on', async () => {
    const data = await harmless(() =>
      ask(world.gateway, '{ device(deviceId: "' + deviceId + '") { acmeLamp { lit } acmeLampInstances { lit } } }'),
    );
    expect(data).toEqual({ device: { acmeLamp: null, acmeLampInstances: [] } });
    const address = { moid: 'urn:oma:mo:ext-acme-lamp:1.0', path: 'Lit' };
    expect(await refused([{ get: { address } }])).toEqual(['NO_SUCH_MO']);
    expect(await refused([{ replace: { address, value: { bool: true } } }])).toEqual(['NO_SUCH_MO']);
  });

  test.each([
    ['a word for an integer', 'Interval', { text: 'often' }],
    ['an object for a leaf', 'Interval', { json: { a: 1 } }],
    ['a number for a truth', 'Enabled', { int: 7 }],
    ['another format than the DDF has', 'Interval', { text: '7', format: 'BOOL' }],
  ])('a value of the wrong format is refused: %s', async (_what, path, value) => {
    expect(await refused([{ replace: { address: { moid: METER, path }, value } }])).toEqual(['BAD_FORMAT']);
  });

  test('a value of the wrong type is refused by the schema', async () => {
    const answer = await harmless(() =>
      world.gateway.graphql(
        `mutation { replaceAcmeMeter(input: { deviceId: "${deviceId}", interval: "often" }) { id } }`,
      ),
    );
    expect(codesOf(answer)).toEqual(['GRAPHQL_VALIDATION_FAILED']);
  });
});

describe('A DDF that is none', () => {
  test.each([
    ['no XML', 'Dear gateway,'],
    ['broken XML', '<MgmtTree><Node>'],
    ['another XML', '<html><body/></html>'],
    ['a tree without nodes', '<MgmtTree><VerDTD>1.2</VerDTD></MgmtTree>'],
    [
      'entities that grow',
      `<!DOCTYPE MgmtTree [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><MgmtTree>&b;</MgmtTree>`,
    ],
    ['nothing', ''],
  ])('is refused with a code, and the schema stays: %s', async (_what, source) => {
    const sdl = async (): Promise<string> =>
      (
        await fetch(`${world.gateway.url}/schema.graphql`, {
          headers: { authorization: `Bearer ${world.gateway.adminKey}` },
        })
      ).text();
    const before = await sdl();
    expect(before).toContain('type AcmeLamp');
    const answer = await harmless(() =>
      world.gateway.graphql('mutation ($source: String!) { addDdf(input: { source: $source }) { id } }', { source }),
    );
    expect(codesOf(answer)).toEqual([
      source === '' ? expect.stringMatching(/^(?:DDF_REFUSED|BAD_USER_INPUT)$/) : 'DDF_REFUSED',
    ]);
    expect(await sdl()).toBe(before);
  });
});
