import fc from 'fast-check';

import { alertRaised, initiationOf, isInitiation, resultOf } from '../../../adapters/dm2/alerts';
import type { AlertItem } from '../../../adapters/dm2/package';
import {
  decodePackage1,
  decodePackage2,
  decodePackage3,
  encodePackage1,
  encodePackage2,
  encodePackage3,
} from '../../../adapters/dm2/package-codec';
import { describeShared } from '../../support/shared';
import { fileCases, json, octets, type AlertReading } from './vectors';

const body = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

describeShared('Packages of the vectors', () => {
  for (const entry of fileCases().filter((file) => file.package === 1)) {
    test(`${entry.file} reads as stated`, () => {
      const read = decodePackage1(octets(entry.file));
      expect(read.ok).toBe(entry.expect === 'accept');
      if (!read.ok) return;
      const initiation = initiationOf(read.value.alerts);
      expect(initiation.kind).toBe(entry.reading?.initiation);
      expect(initiation.notificationId ?? null).toBe(entry.reading?.notification_id);
      expect(read.value.mos?.map((mo) => ({ moid: mo.moid, ddf: mo.ddf ?? null, miids: mo.miids })) ?? null).toEqual(
        entry.reading?.mos,
      );
      expectAlerts(read.value.alerts, entry.reading?.alerts ?? []);
      expect(decodePackage1(encodePackage1(read.value))).toEqual(read);
    });
  }

  for (const entry of fileCases().filter((file) => file.package === 2)) {
    test(`${entry.file} reads and writes the same commands`, () => {
      const read = decodePackage2(octets(entry.file));
      if (!read.ok) throw new Error(read.message);
      if (entry.expect === 'never-send') {
        expect(read.value).toEqual({ commands: [['GET', 'null']], malformed: [0] });
        return;
      }
      expect(read.value.malformed).toEqual([]);
      expect(JSON.parse(Buffer.from(encodePackage2(read.value)).toString())).toEqual(json(entry.file));
    });
  }

  for (const entry of fileCases().filter((file) => file.package === 3)) {
    test(`${entry.file} reads as stated`, () => {
      const read = decodePackage3(entry.content_type, octets(entry.file));
      expect(read.ok).toBe(entry.expect === 'accept');
      if (!read.ok || entry.reading === undefined) return;
      expectAlerts(read.value.alerts, entry.reading.alerts ?? []);

      const commands = json<{ CMD: string[][] }>(entry.answers ?? '').CMD;
      expect(read.value.statuses.length !== commands.length).toBe(entry.reading.unanswered);
      if (entry.reading.unanswered === true) return;
      const stated = read.value.statuses.map((status, index) => ({
        command: commands[index]?.[0],
        sc: status.sc,
        ...(status.uris === undefined ? {} : { uri: status.uris }),
      }));
      expect(stated).toEqual(entry.reading.statuses);

      const isGet200 = (index: number): boolean =>
        commands[index]?.[0] === 'GET' && read.value.statuses[index]?.sc === 200;
      const parts = read.value.parts.filter((part) => isGet200(part.index));
      const data = Object.fromEntries(
        parts.map((part) => [String(part.index), partReading(part, entry.reading?.data?.[part.index])]),
      );
      expect(data).toEqual(entry.reading.data ?? {});
      const missing = commands.flatMap((_, index) =>
        isGet200(index) && !parts.some((part) => part.index === index) ? [index] : [],
      );
      expect(missing).toEqual(entry.reading.protocol_error ?? []);

      const again = encodePackage3(read.value);
      expect(decodePackage3(again.contentType, again.body)).toEqual(read);
    });
  }

  describe('alert-cases.json', () => {
    interface AlertCase {
      readonly name: string;
      readonly alert: Record<string, unknown>;
      readonly notification_id?: number | null;
      readonly result?: number | null;
      readonly identifier?: string | null;
    }
    for (const entry of json<{ cases: AlertCase[] }>('alert-cases.json').cases) {
      test(entry.name, () => {
        const read = decodePackage1(body({ Alert: [entry.alert] }));
        const alert = read.ok ? read.value.alerts[0] : undefined;
        if (alert === undefined) throw new Error('no alert');
        if (entry.notification_id !== undefined) {
          expect(initiationOf([alert]).notificationId ?? null).toBe(entry.notification_id);
          return;
        }
        expect(resultOf(alert).result ?? null).toBe(entry.result);
        expect(resultOf(alert).identifier ?? null).toBe(entry.identifier);
        expect(alertRaised(alert).resultCode ?? null).toBe(entry.result);
      });
    }
  });
});

function partReading(
  part: { readonly mediaType: string; readonly body: Uint8Array },
  stated: { text?: string; hex?: string; json?: unknown } | undefined,
): unknown {
  const content = Buffer.from(part.body);
  if (stated?.json !== undefined)
    return { type: part.mediaType, json: JSON.parse(content.toString('utf8')) as unknown };
  if (stated?.hex !== undefined) return { type: part.mediaType, hex: content.toString('hex') };
  return { type: part.mediaType, text: content.toString('utf8') };
}

function expectAlerts(alerts: readonly AlertItem[], stated: readonly AlertReading[]): void {
  const told = alerts.filter((alert) => !isInitiation(alert));
  expect(told.map((alert) => alert.type)).toEqual(stated.map((alert) => alert.type));
  for (const [index, alert] of told.entries()) {
    const expected = stated[index];
    expect(alert.sourceUri ?? null).toBe(expected?.source);
    expect(alert.targetUri ?? null).toBe(expected?.target);
    expect(alertRaised(alert).mark).toBe(expected?.mark);
    if (expected?.result !== undefined) expect(resultOf(alert).result).toBe(expected.result);
    if (expected?.identifier !== undefined) expect(resultOf(alert).identifier).toBe(expected.identifier);
    if (expected !== undefined && 'data' in expected) expect(alert.data ?? null).toEqual(expected.data);
  }
}

describe('Package#1', () => {
  test('an MO without MOID and an alert without type are left out, the rest is kept', () => {
    const read = decodePackage1(
      body({ MOS: [{ MIID: ['a'] }, { MOID: 'urn:example:mo:x:1.0', MIID: 'one' }], Alert: [{ Mark: 'minor' }] }),
    );
    expect(read).toEqual({ ok: true, value: { mos: [{ moid: 'urn:example:mo:x:1.0', miids: ['one'] }], alerts: [] } });
  });

  test('an empty list of MOs is not the same as none', () => {
    expect(decodePackage1(body({ MOS: [] }))).toEqual({ ok: true, value: { mos: [], alerts: [] } });
    expect(decodePackage1(body({}))).toEqual({ ok: true, value: { alerts: [] } });
  });

  test.each(['', '[]', 'null', '{"MOS":5}', '{"MOS":[5]}', '{"Alert":[5]}', '{"MOS":[{"MIID":[{}]}]}'])(
    'refuses %j',
    (text) => {
      expect(decodePackage1(body(text)).ok).toBe(false);
    },
  );

  test('text that no database document can hold is replaced, not passed on', () => {
    const read = decodePackage1(Buffer.from('{"Alert":[{"AlertType":"a","Data":["x\\u0000","\\ud800"]}]}'));
    expect(read.ok && read.value.alerts[0]?.data).toEqual(['x\ufffd', '\ufffd']);
  });

  test('data nested without end is dropped, the alert is kept', () => {
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
    const read = decodePackage1(Buffer.from(`{"Alert":[{"AlertType":"a","Data":${deep}}]}`));
    expect(read.ok && read.value.alerts[0]).toEqual({ type: 'a', data: null });
  });
});

describe('Package#3', () => {
  const response = 'application/vnd.oma.dm.response+json';

  test('a loose string counts as URI only behind a bare number', () => {
    expect(decodePackage3(response, body({ Status: ['x', 200] })).ok).toBe(false);
    expect(decodePackage3(response, body({ Status: [{ sc: 200 }, 'x'] })).ok).toBe(false);
  });

  test('loose strings without number cost no more than they are long', () => {
    const read = decodePackage3(response, body({ Status: [200, ...Array<string>(200_000).fill('a')] }));
    expect(read.ok && read.value.statuses[0]?.uris).toHaveLength(200_000);
  });

  test('a body of another type is refused', () => {
    expect(decodePackage3('text/xml', body({}))).toMatchObject({ ok: false, code: 'UNKNOWN_TYPE' });
    expect(decodePackage3('multipart/form-data', body({}))).toMatchObject({ ok: false, code: 'BAD_MULTIPART' });
  });

  test('any octets either read or give a coded error', () => {
    const octetsOrMultipart = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc
        .array(fc.constantFrom('\r\n', '--b', '--', 'Content-Type: a', ':', 'name="1"', '{', '\r\n\r\n', ' '), {
          maxLength: 40,
        })
        .map((words) => Buffer.from(words.join(''))),
    );
    fc.assert(
      fc.property(octetsOrMultipart, (some) => {
        decodePackage1(some);
        decodePackage2(some);
        decodePackage3(response, some);
        decodePackage3('multipart/form-data; boundary=b', some);
      }),
    );
  });

  test('any JSON either reads or gives a coded error, and what reads is written and read the same', () => {
    const entry = fc.record(
      {
        sc: fc.oneof(fc.integer(), fc.jsonValue()),
        URI: fc.jsonValue(),
        AlertType: fc.string(),
        Data: fc.jsonValue(),
        Mark: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const item = fc.oneof(entry, fc.integer(), fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(fc.array(item), fc.array(item), (status, alerts) => {
        const read = decodePackage3(response, body({ Status: status, Alert: alerts }));
        if (!read.ok) return;
        const again = encodePackage3(read.value);
        expect(decodePackage3(again.contentType, again.body)).toEqual(read);
      }),
    );
  });
});
