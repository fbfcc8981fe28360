import type { SchemaChange } from '../../src/management/types';
import { SchemaBuilder } from '../../src/graphql/schema';
import { changesBetween } from '../../src/graphql/schema-changes';
import { ddf, node } from '../schema/ddf-texts';
import { ddfSource } from '../support/ddf-sources';
import { libraryOf } from './support/world';

const told = (changes: readonly SchemaChange[]): readonly string[] =>
  changes.map(({ severity, kind, path }) => `${severity} ${kind} ${path}`);

/** What is told of a change from the first to the second, beside a family that stays. */
function between(before: readonly string[], after: readonly string[]): readonly string[] {
  const builder = new SchemaBuilder();
  const [older, newer] = [before, after].map((texts) => builder.build(libraryOf(...texts, ddfSource('Stays'))));
  if (!older || !newer) throw new Error('two builds');
  return told(changesBetween(older.schema, newer.schema));
}

const mode = (...values: readonly string[]): string =>
  ddf(
    node('Fan', {
      moid: 'urn:oma:mo:ext-example-fan:1.0',
      children: [
        node('Mode', {
          format: 'chr',
          access: 'Get Replace',
          more: `<MSFT:AllowedValues ValueType="ENUM">${values
            .map((value) => `<MSFT:Enum><MSFT:Value>${value}</MSFT:Value></MSFT:Enum>`)
            .join('')}</MSFT:AllowedValues>`,
        }),
      ],
    }),
  );

describe('What a DDF changes for callers', () => {
  test('a family that comes is safe', () => {
    expect(between([], [ddfSource('Pump')])).toEqual([
      'SAFE FIELD_ADDED Device.examplePump',
      'SAFE FIELD_ADDED Device.examplePumpInstances',
      'SAFE FIELD_ADDED DeviceFilter.examplePump',
      'SAFE TYPE_ADDED ExamplePump',
      'SAFE TYPE_ADDED ExamplePumpFilter',
    ]);
  });

  test('a family that goes is breaking', () => {
    expect(between([ddfSource('Pump')], [])).toEqual([
      'BREAKING FIELD_REMOVED Device.examplePump',
      'BREAKING FIELD_REMOVED Device.examplePumpInstances',
      'BREAKING FIELD_REMOVED DeviceFilter.examplePump',
      'BREAKING TYPE_REMOVED ExamplePump',
      'BREAKING TYPE_REMOVED ExamplePumpFilter',
    ]);
  });

  test('a node that goes is breaking, one that comes is safe, and the family that stays is not told of', () => {
    const changes = between([ddfSource('Pump', ['Level'])], [ddfSource('Pump', ['Rate'])]);
    expect(changes).toContain('BREAKING FIELD_REMOVED ExamplePump.level');
    expect(changes).toContain('SAFE FIELD_ADDED ExamplePump.rate');
    expect(changes.filter((change) => /Stays/.test(change))).toEqual([]);
  });

  test('a value that an enum gets is dangerous, one that it loses breaking', () => {
    expect(between([mode('on', 'off')], [mode('on', 'off', 'auto')])).toContain(
      'DANGEROUS VALUE_ADDED_TO_ENUM ExampleFanMode.AUTO',
    );
    expect(between([mode('on', 'off', 'auto')], [mode('on', 'off')])).toContain(
      'BREAKING VALUE_REMOVED_FROM_ENUM ExampleFanMode.AUTO',
    );
  });

  test('of the same library nothing is told', () => {
    expect(between([ddfSource('Pump')], [ddfSource('Pump')])).toEqual([]);
  });
});
