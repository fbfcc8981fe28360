import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A table, as schema.prisma or the live catalogue tells it; every list of columns in the order of the key. */
export interface Table {
  /** column → type, `null` after it when nullable, `default` after it when it has one or is an identity. */
  readonly columns: Readonly<Record<string, string>>;
  readonly primaryKey: readonly string[];
  /** `a, b -> table (c, d) ON DELETE …`, sorted. */
  readonly foreignKeys: readonly string[];
  /** `UNIQUE name (a, b)` or `method name (a, b)`, sorted; partial indexes are not told. */
  readonly indexes: readonly string[];
}

export type Tables = Readonly<Record<string, Table>>;

/** Prisma's scalar types in PostgreSQL's names. */
const TYPES: Readonly<Record<string, string>> = {
  BigInt: 'int8',
  Int: 'int4',
  Float: 'float8',
  String: 'text',
  Boolean: 'bool',
  Json: 'jsonb',
  Bytes: 'bytea',
  DateTime: 'timestamptz(3)',
};

interface Field {
  readonly name: string;
  readonly type: string;
  readonly mark: string;
  readonly attributes: string;
}

interface Model {
  readonly table: string;
  readonly fields: readonly Field[];
  readonly attributes: readonly string[];
}

/** Reads prisma/schema.prisma, as far as this project's models go. */
export function readPrismaSchema(): Tables {
  const text = readFileSync(join(__dirname, '..', '..', 'prisma', 'schema.prisma'), 'utf8');
  const models = new Map<string, Model>();
  for (const [, name = '', body = ''] of text.matchAll(/^model (\w+) \{\n(.*?)^\}/gms))
    models.set(name, readModel(body));
  return Object.fromEntries([...models.values()].map((model) => [model.table, toTable(model, models)]));
}

function readModel(body: string): Model {
  const lines = body.split('\n').map((line) => line.trim());
  const attributes = lines.filter((line) => line.startsWith('@@'));
  const fields = lines.flatMap((line) => {
    const [, name, type, mark = '', rest = ''] = /^(\w+)\s+(\w+)(\[\]|\?)?\s*(.*)$/.exec(line) ?? [];
    return name === undefined || type === undefined ? [] : [{ name, type, mark, attributes: rest }];
  });
  const table = /@@map\("(\w+)"\)/.exec(attributes.join(' '))?.[1];
  if (table === undefined) throw new Error(`a model without @@map:\n${body}`);
  return { table, fields, attributes };
}

function toTable(model: Model, models: ReadonlyMap<string, Model>): Table {
  const scalars = model.fields.filter(({ type }) => !models.has(type));
  const own = (list: string): string[] => columnsOf(model, list);
  const id = scalars.find(({ attributes }) => /@id\b/.test(attributes));
  const ids = model.attributes.flatMap((line) =>
    (/^@@id\(\[(.*)\]\)/.exec(line)?.[1] ?? '').split(',').filter(Boolean),
  );
  const uniques = scalars.flatMap((field) => {
    const name = /@unique\(map: "(\w+)"\)/.exec(field.attributes)?.[1];
    return name === undefined ? [] : [`UNIQUE ${name} (${columnOf(field)})`];
  });
  const indexes = model.attributes.flatMap((line) => {
    const [, list = ''] = /^@@(?:index|unique)\(\[(.*?)\],/.exec(line) ?? [];
    const name = /map: "(\w+)"/.exec(line)?.[1];
    const isUnique = line.startsWith('@@unique');
    const method = isUnique ? 'UNIQUE' : (/type: (\w+)/.exec(line)?.[1] ?? 'BTree').toLowerCase();
    return isUnique || line.startsWith('@@index')
      ? [`${method} ${name} (${own(list.replace(/\(.*?\)/g, '')).join(', ')})`]
      : [];
  });
  const foreignKeys = model.fields.flatMap(({ type, attributes }) => {
    const [, from, to, onDelete] =
      /@relation\(fields: \[(.*?)\], references: \[(.*?)\], onDelete: (\w+)/.exec(attributes) ?? [];
    const target = models.get(type);
    if (from === undefined || to === undefined || target === undefined) return [];
    const action = onDelete === 'Cascade' ? 'CASCADE' : 'NO ACTION';
    return [`${own(from).join(', ')} -> ${target.table} (${columnsOf(target, to).join(', ')}) ON DELETE ${action}`];
  });
  return {
    columns: Object.fromEntries(scalars.map((field) => [columnOf(field), describeColumn(field)])),
    primaryKey: id === undefined ? own(ids.join(',')) : [columnOf(id)],
    foreignKeys: foreignKeys.sort(),
    indexes: [...uniques, ...indexes].sort(),
  };
}

function columnOf({ name, attributes }: Field): string {
  return /@map\("(\w+)"\)/.exec(attributes)?.[1] ?? name;
}

function columnsOf(model: Model, list: string): string[] {
  return list.split(',').map((word) => {
    const field = model.fields.find(({ name }) => name === word.trim());
    if (field === undefined) throw new Error(`${model.table} has no field ${word}`);
    return columnOf(field);
  });
}

function describeColumn({ type, mark, attributes }: Field): string {
  const scalar = TYPES[type];
  if (scalar === undefined) throw new Error(`${type} is no type that this project uses`);
  if (type === 'DateTime' && !attributes.includes('@db.Timestamptz(3)'))
    throw new Error('an instant without @db.Timestamptz(3)');
  return [
    mark === '[]' ? `${scalar}[]` : scalar,
    ...(mark === '?' ? ['null'] : []),
    ...(attributes.includes('@default(') ? ['default'] : []),
  ].join(' ');
}
