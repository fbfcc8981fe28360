/** Gathers records into calls of the API, a few of which are under way at a time, and knows how far all of them are. */
import { CommandError } from './command';
import type { AnswerError, GatewayClient } from './gateway-client';
import type { BadLine, ImportRecord, Kind } from './records';

export interface ImporterOptions {
  readonly allowKeys: boolean;
  /** Told of each line that is not imported. */
  bad(line: BadLine): void;
  /** Told when the outcome of all lines up to one is known, with how many records more that are. */
  done(line: number, records: number): void;
}

export interface ImportFigures {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly refused: number;
}

/** As many as the gateway takes. */
const BATCH = 500;
const BATCH_OCTETS = 2 * 1024 * 1024;
const CALLS = 4;
/** Errors of a call that some of its records may be to blame for. */
const OF_SOME_RECORD: ReadonlySet<string> = new Set(['BAD_USER_INPUT', 'BAD_REQUEST', 'LIMIT_BODY_SIZE', 'LIMIT_TIME']);
/** Errors of the gateway, after which there is no sense in going on. */
const OF_GATEWAY: ReadonlySet<string> = new Set(['INTERNAL', 'GRAPHQL_VALIDATION_FAILED', 'ISSUER_AWAY']);

const FIELDS: Readonly<Record<Kind, string>> = {
  account: 'importAccounts',
  device: 'importDevices',
  grant: 'importGrants',
};
const RESULT = '{ index outcome code message }';
const MUTATIONS: Readonly<Record<Kind, string>> = {
  account: `mutation ($input: [ImportAccountInput!]!) { importAccounts(input: $input) ${RESULT} }`,
  device: `mutation ($input: [ImportDeviceInput!]!) { importDevices(input: $input) ${RESULT} }`,
  grant: `mutation ($input: [ImportGrantInput!]!, $allowKeys: Boolean) { importGrants(input: $input, allowKeys: $allowKeys) ${RESULT} }`,
};

interface Result {
  readonly index: number;
  readonly outcome: 'CREATED' | 'UPDATED' | 'UNCHANGED' | 'REFUSED';
  readonly code: string | null;
  readonly message: string | null;
}

interface Call {
  readonly kind: Kind;
  readonly records: readonly ImportRecord[];
  readonly identities: ReadonlySet<string>;
  readonly ended: Promise<void>;
}

export class Importer {
  #gathered: ImportRecord[] = [];
  #identities = new Set<string>();
  #octets = 0;
  readonly #calls = new Set<Call>();
  /** Last line that was handed over. */
  #read: number;
  #told: number;
  /** Records whose outcome is known and was not told. */
  #untold = 0;
  #failure: Error | undefined;
  readonly #figures = { created: 0, updated: 0, unchanged: 0, refused: 0 };

  /** @param from the first line */
  constructor(
    private readonly client: GatewayClient,
    private readonly options: ImporterOptions,
    from: number,
  ) {
    this.#read = from - 1;
    this.#told = from - 1;
  }

  get figures(): ImportFigures {
    return this.#figures;
  }

  /** Where to go on. */
  get nextLine(): number {
    return this.#told + 1;
  }

  /** Takes a record, in the order of lines; resolves when there is room for the next. Throws what stops the import. */
  async add(record: ImportRecord): Promise<void> {
    const [first] = this.#gathered;
    const isFull = this.#gathered.length >= BATCH || this.#octets + record.octets > BATCH_OCTETS;
    if (first !== undefined && (isFull || first.kind !== record.kind || this.#identities.has(record.identity)))
      await this.#send();
    this.#read = record.line;
    this.#gathered.push(record);
    this.#identities.add(record.identity);
    this.#octets += record.octets;
  }

  /** A line without a record. */
  skip(line: number): void {
    this.#read = line;
  }

  refuse(bad: BadLine): void {
    this.#read = bad.line;
    this.#untold++;
    this.#refused(bad);
  }

  /** Sends what is gathered and waits for all. */
  async end(): Promise<void> {
    if (this.#gathered.length > 0) await this.#send();
    await this.settle();
    if (this.#failure !== undefined) throw this.#failure;
    this.#tell();
  }

  /** Waits for what is under way. */
  async settle(): Promise<void> {
    await Promise.all([...this.#calls].map(({ ended }) => ended));
  }

  async #send(): Promise<void> {
    const [first] = this.#gathered;
    if (first === undefined) return;
    const { kind } = first;
    // Another kind may depend on what is under way, and the same record twice on its order.
    const mustWait = [...this.#calls].some(
      (call) => call.kind !== kind || [...this.#identities].some((one) => call.identities.has(one)),
    );
    if (mustWait) await this.settle();
    while (this.#calls.size >= CALLS && this.#failure === undefined)
      await Promise.race([...this.#calls].map(({ ended }) => ended));
    if (this.#failure !== undefined) throw this.#failure;
    const records = this.#gathered;
    const identities = this.#identities;
    this.#gathered = [];
    this.#identities = new Set();
    this.#octets = 0;
    const call: Call = {
      kind,
      records,
      identities,
      ended: this.#carryOut(kind, records, () => this.#calls.delete(call)),
    };
    this.#calls.add(call);
  }

  /** Never rejects: what fails is kept, and its lines do not count as done. */
  async #carryOut(kind: Kind, records: readonly ImportRecord[], over: () => void): Promise<void> {
    try {
      // Not before the call stands in the list.
      await Promise.resolve();
      await this.#ask(kind, records);
      over();
      this.#untold += records.length;
      if (this.#failure === undefined) this.#tell();
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
    }
  }

  async #ask(kind: Kind, records: readonly ImportRecord[]): Promise<void> {
    const input = records.map(({ members }) => members);
    const { allowKeys } = this.options;
    const { data, errors } = await this.client.ask(MUTATIONS[kind], {
      input,
      ...(kind === 'grant' ? { allowKeys } : {}),
    });
    const results = data?.[FIELDS[kind]];
    if (Array.isArray(results)) return this.#take(records, results as readonly Result[]);
    const [error = { code: 'INTERNAL', message: 'no answer' }] = errors;
    if (OF_GATEWAY.has(error.code)) throw new CommandError(`${this.client.url} failed: ${error.code} ${error.message}`);
    const half = Math.ceil(records.length / 2);
    if (records.length > 1 && OF_SOME_RECORD.has(error.code)) {
      await this.#ask(kind, records.slice(0, half));
      return this.#ask(kind, records.slice(half));
    }
    for (const { line } of records) this.#refused({ line, code: error.code, message: withoutValue(error) });
  }

  #take(records: readonly ImportRecord[], results: readonly Result[]): void {
    for (const { index, outcome, code, message } of results) {
      const line = records[index]?.line ?? 0;
      if (outcome === 'REFUSED') this.#refused({ line, code: code ?? 'INTERNAL', message: message ?? '' });
      else this.#figures[outcome === 'CREATED' ? 'created' : outcome === 'UPDATED' ? 'updated' : 'unchanged']++;
    }
  }

  #refused(bad: BadLine): void {
    this.#figures.refused++;
    this.options.bad(bad);
  }

  #tell(): void {
    const open = [...this.#calls].map(({ records }) => records[0]?.line ?? 0);
    const [gathered] = this.#gathered;
    const done = Math.min(this.#read, ...open.map((line) => line - 1), ...(gathered ? [gathered.line - 1] : []));
    if (done <= this.#told && this.#untold === 0) return;
    this.#told = Math.max(this.#told, done);
    this.options.done(this.#told, this.#untold);
    this.#untold = 0;
  }
}

/** What was given may be a secret. */
function withoutValue({ message }: AnswerError): string {
  const [, where, why] =
    /^Variable "\$input" got invalid value [^]* at "input\[\d+\]\.?([^"]*)"; ([^]*)$/.exec(message) ?? [];
  if (where === undefined || why === undefined) return message.replace(/ got invalid value [^]*; /, ': ');
  return /secret$/.test(where) ? `${where}: must be text` : `${where === '' ? '' : `${where}: `}${why}`;
}
