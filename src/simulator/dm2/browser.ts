/**
 * The browser of a simulated device: SHOW opens pages in it, and the person answers their forms when the session has gone on.
 * It knows no script and no style, as an old browser. Source: dm2 1 (Web Browser Component), 5 (SHOW).
 */
import type { Person, PersonReply, Shown } from '../dm1/person';
import type { Transport } from '../transport';

/** A field or button of a form as it was sent. */
interface Field {
  readonly type: string;
  readonly name: string;
  readonly value: string;
  readonly isChecked: boolean;
  readonly longest?: string;
}
interface Form {
  readonly action: string;
  readonly fields: readonly Field[];
  readonly texts: readonly string[];
}

export class Browser {
  private readonly tabs: string[] = [];

  constructor(private readonly transport: Transport) {}

  /** Returns at once: the client does not wait for the person. */
  open(url: string): void {
    this.tabs.push(url);
  }

  /** The person looks at every page that is open and answers it; HTTP statuses of what was sent and shown. */
  async use(person: Person): Promise<readonly number[]> {
    const statuses: number[] = [];
    for (const url of this.tabs.splice(0)) {
      // A page that does not come is one that the person does not see.
      statuses.push(...(await this.look(url, person).catch(() => [])));
    }
    return statuses;
  }

  private async look(url: string, person: Person): Promise<readonly number[]> {
    const shown = await this.transport({ method: 'GET', url, headers: { accept: 'text/html' } });
    const form = formOf(Buffer.from(shown.body).toString('utf8'));
    const answer = shown.status === 200 && form !== undefined ? answerOf(person(shownBy(form)), form) : undefined;
    if (form === undefined || answer === undefined) return [shown.status];
    const sent = await this.transport({
      method: 'POST',
      url: new URL(form.action, url).href,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: Buffer.from(answer.toString(), 'utf8'),
    });
    return [shown.status, sent.status];
  }
}

const ATTRIBUTE = /([a-z-]+)\s*=\s*"([^"]*)"/g;
const SIGNS: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

function decoded(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_all, name: string) => SIGNS[name] ?? '');
}

function attributesOf(tag: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...tag.matchAll(ATTRIBUTE)].map(([, name = '', value = '']) => [name, decoded(value)]));
}

function formOf(page: string): Form | undefined {
  const open = /<form\b[^>]*>/.exec(page)?.[0];
  if (open === undefined) return undefined;
  const fields = [...page.matchAll(/<input\b[^>]*>/g)].map(([tag]): Field => {
    const { type = 'text', name = '', value = '', checked, maxlength } = attributesOf(tag);
    return {
      type,
      name,
      value,
      isChecked: checked !== undefined,
      ...(maxlength === undefined ? {} : { longest: maxlength }),
    };
  });
  const said = [...page.matchAll(/<(p|label|legend|span)\b[^>]*\bclass="say"[^>]*>([^<]*)<\/\1>/g)];
  return { action: attributesOf(open)['action'] ?? '', fields, texts: said.map(([, , text = '']) => decoded(text)) };
}

/** The page in the words of the prompts of DM 1.x, so that one person can answer both. */
function shownBy({ fields, texts }: Form): Shown {
  const [text = '', ...choices] = texts;
  const line = fields.find(({ type, name }) => name === 'text' && type !== 'submit');
  const picks = fields.filter(({ type }) => type === 'radio' || type === 'checkbox');
  const chosen = picks.flatMap(({ isChecked }, index) => (isChecked ? [index + 1] : []));
  const refuses = fields.findIndex(({ name }) => name === 'no');
  const accepts = fields.findIndex(({ name }) => name === 'yes');
  if (line !== undefined) {
    const options = {
      ...(line.value === '' ? {} : { DR: line.value }),
      ...(line.longest === undefined ? {} : { MAXLEN: line.longest }),
      ET: line.type === 'password' ? 'P' : 'T',
    };
    return { code: 1102, options, text, choices: [] };
  }
  if (picks.length > 0) {
    const options: Record<string, string> = chosen.length === 0 ? {} : { DR: chosen.join('-') };
    return { code: picks[0]?.type === 'radio' ? 1103 : 1104, options, text, choices };
  }
  if (refuses < 0) return { code: 1100, options: {}, text, choices: [] };
  return { code: 1101, options: refuses < accepts ? { DR: '0' } : {}, text, choices: [] };
}

/** What is sent; undefined for a person who leaves the page alone. */
function answerOf(reply: PersonReply, { fields }: Form): URLSearchParams | undefined {
  const button = (name: string): [string, string] => [name, fields.find((field) => field.name === name)?.value ?? ''];
  if (reply === 'timeout' || typeof reply === 'number') return undefined;
  if (reply === 'no' || reply === 'cancel') return new URLSearchParams([button('no')]);
  if (reply === 'yes') {
    const left = fields.filter(({ type, isChecked }) => isChecked || !['submit', 'radio', 'checkbox'].includes(type));
    return new URLSearchParams([...left.map(({ name, value }): [string, string] => [name, value]), button('yes')]);
  }
  if ('text' in reply) return new URLSearchParams([['text', reply.text], button('yes')]);
  return new URLSearchParams([
    ...reply.choose.map((number): [string, string] => ['choice', String(number - 1)]),
    button('yes'),
  ]);
}
