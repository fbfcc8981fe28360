import { DM2_RULES, type Dm2Rule } from '../../src/simulator/dm2/rules';
import { Dm2Device, type Dm2DeviceOptions } from '../../src/simulator/dm2-device';
import {
  codes,
  cont,
  DEVICE,
  MAIN,
  REPOSITORY,
  rightDm2Server,
  type RightDm2Options,
} from './support/right-dm2-server';

const METER = 'urn:oma:mo:ext-acme-meter:1.0';

interface Case {
  readonly rule: Dm2Rule;
  readonly what: string;
  readonly server: RightDm2Options;
  readonly device?: Partial<Dm2DeviceOptions>;
  /** Statuses that the device answers; absent: the session is over. */
  readonly codes?: readonly number[];
}

const sends = (...commands: unknown[]): RightDm2Options => ({ packages: [[cont(1), ...commands]] });

const CASES: readonly Case[] = [
  { rule: 'HTTP_STATUS', what: 'HTTP 500', server: { mutateWire: (response) => void (response.status = 500) } },
  {
    rule: 'HTTP_CONTENT_TYPE',
    what: 'text/html',
    server: { mutateWire: (response) => void (response.headers['content-type'] = 'text/html') },
  },
  { rule: 'UNREADABLE', what: 'no JSON', server: { packages: ['{"CMD":[['] } },
  { rule: 'UNREADABLE', what: 'an array', server: { packages: ['[]'] } },
  { rule: 'CMD_MISSING', what: 'no CMD', server: { packages: [{ Status: [] }] } },
  {
    rule: 'PARAMETER_TYPE',
    what: 'a number',
    server: sends(['GET', 7], ['GET', `${METER}//Unit`]),
    codes: [200, 400, 200],
  },
  { rule: 'PARAMETER_TYPE', what: 'a command that is no array', server: sends('GET'), codes: [200, 400] },
  {
    rule: 'COMMAND_UNKNOWN',
    what: 'COPY',
    server: sends(['COPY', 'a', 'b'], ['GET', `${METER}//Unit`]),
    codes: [200, 501, 200],
  },
  { rule: 'COMMAND_PARAMETERS', what: 'GET without ClientURI', server: sends(['GET']), codes: [200, 400] },
  {
    rule: 'COMMAND_PARAMETERS',
    what: 'DELETE with two',
    server: sends(['DELETE', `${METER}//Note`, 'x']),
    codes: [200, 400],
  },
  { rule: 'CLIENT_URI', what: 'no slash behind the MIID', server: sends(['GET', `${METER}/Meter`]), codes: [200, 400] },
  {
    rule: 'CLIENT_URI_WILDCARD',
    what: 'DELETE with *',
    server: sends(['DELETE', `${METER}//Tariff/*`]),
    codes: [200, 400],
  },
  {
    rule: 'CLIENT_URI_WILDCARD',
    what: 'EXEC with *',
    server: sends(['EXEC', `${METER}/*/Ops/Reset`]),
    codes: [200, 400],
  },
  {
    rule: 'CLIENT_URI_WILDCARD',
    what: 'HGET with *',
    server: sends(['HGET', `${REPOSITORY}/x`, `${METER}/*/Unit`]),
    codes: [200, 400],
  },
  { rule: 'SERVER_URI', what: 'a relative CONT', server: { packages: [[['CONT', '/dm/2/token']]] }, codes: [400] },
  {
    rule: 'SERVER_URI',
    what: 'a file address',
    server: sends(['HGET', 'file:///etc/passwd', `${METER}//Unit`]),
    codes: [200, 400],
  },
  {
    rule: 'CONT_MISSING',
    what: 'no CONT where an answer is expected',
    server: { packages: [[['GET', `${METER}//Unit`]]] },
    device: { wantsCont: true },
    codes: [200],
  },
  {
    rule: 'CONT_REUSED',
    what: 'the same address twice',
    server: {
      packages: [
        [cont(1), ['GET', `${METER}//Unit`]],
        [cont(1), ['GET', `${METER}//Unit`]],
      ],
    },
    device: { wantsCont: true },
    codes: [200, 200],
  },
  {
    rule: 'END_NOT_LAST',
    what: 'a command behind END',
    server: { packages: [[['END'], ['SHOW', 'https://dm.example/ui/1']]] },
  },
  { rule: 'END_DROPS_OUTCOME', what: 'a GET before END', server: { packages: [[['GET', `${METER}//Unit`], ['END']]] } },
  {
    rule: 'MO_DOCUMENT',
    what: 'a document without MOData',
    server: {
      ...sends(['HGET', `${REPOSITORY}/x`, `${METER}//Unit`]),
      items: { x: { type: 'application/dmmo+json', body: '[{"ClientURI":"x"}]' } },
    },
    codes: [200, 415],
  },
];

describe('A DM 2.0 device rejects what the facts forbid', () => {
  test.each(CASES.map((one) => [`${one.rule}: ${one.what}`, one] as const))(
    '%s',
    async (_, { rule, server, device, codes: expected }) => {
      const right = rightDm2Server(server);
      const report = await new Dm2Device({ url: MAIN, deviceId: DEVICE, ...device }, right.transport).connect();
      expect([...new Set(report.violations.map((violation) => violation.rule))]).toEqual([rule]);
      expect(report.violations[0]).toMatchObject({ protocol: 'dm2', section: DM2_RULES[rule].section });
      if (expected === undefined) expect(right.answers).toEqual([]);
      else expect(codes(right.answers.at(-1))).toEqual(expected);
    },
  );

  test('every rule has a case', () => {
    const tested = new Set(CASES.map(({ rule }) => rule));
    expect(Object.keys(DM2_RULES).filter((rule) => !tested.has(rule as Dm2Rule))).toEqual([]);
  });

  test('a server without CONT is legal unless the device is told otherwise', async () => {
    const right = rightDm2Server({ packages: [[['GET', `${METER}//Unit`]]] });
    expect(await new Dm2Device({ url: MAIN, deviceId: DEVICE }, right.transport).connect()).toMatchObject({
      ended: 'server',
      violations: [],
    });
    expect(right.posts.map(({ url }) => url)).toEqual([MAIN, MAIN]);
  });
});
