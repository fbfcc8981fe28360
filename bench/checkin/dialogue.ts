/** The check-in of a device that has nothing to tell and is told nothing to do, as octets that are made beforehand. */
import { decodeMessage, encodeMessage } from '../../adapters/dm1/codec';
import { AUTH_MD5, digestOf, md5Credential } from '../../adapters/dm1/credential';
import type { Message } from '../../adapters/dm1/message';
import { Dm1Device } from '../../src/simulator';
import { deviceIdOf } from '../../src/simulator/identity';
import type { HttpConnection } from '../http-connection';
import { DEVICE, LOGIN } from './fleet';

export type Form = 'xml' | 'wbxml';
/** `known`: the credential comes at once, one POST. `challenge`: the server asks for it, two. */
export type Mode = 'known' | 'challenge';

/** Such as `xml-known-0`; the floor knows by it what to do. */
export function stepName(form: Form, mode: Mode, step: number): string {
  return `${form}-${mode}-${step}`;
}

interface Template {
  readonly octets: Buffer;
  /** Where the SessionID's four characters stand. */
  readonly sessionAt: number;
  /** Where the 24 characters of the credential stand; -1 for none. */
  readonly credentialAt: number;
}

const SESSION = 'SSSS';
const CREDENTIAL = 'C'.repeat(24);

export class CheckingDevice {
  private readonly first: Template;
  private readonly firstProven: Template;
  private readonly secondProven: Template;
  private readonly digest = digestOf(LOGIN.user, LOGIN.secret);
  private readonly headers: string;
  private nonce: Buffer | undefined;
  private session: number;

  /** @param salt  makes SessionIDs differ between runs */
  constructor(
    readonly number: number,
    private readonly form: Form,
    packageOne: Message,
    salt: number,
  ) {
    const deviceId = deviceIdOf(DEVICE, number);
    this.session = salt & 0xffff;
    this.first = template(packageOne, form, deviceId, '1', false);
    this.firstProven = template(packageOne, form, deviceId, '1', true);
    this.secondProven = template(packageOne, form, deviceId, '2', true);
    this.headers = `content-type: application/vnd.syncml.dm+${form}\r\nx-device: ${deviceId}\r\n`;
  }

  /**
   * One session.
   *
   * @returns  bodies of the answers
   * @throws   Error when an answer is not what a device with nothing to do gets
   */
  async checkIn(connection: HttpConnection, mode: Mode): Promise<readonly Buffer[]> {
    this.session = (this.session + 1) & 0xffff;
    // The first time of all no nonce is known.
    if (mode === 'known' && this.nonce !== undefined) {
      return [await this.post(connection, '/dm/1', stepName(this.form, mode, 0), this.firstProven, '212')];
    }
    const challenge = await this.post(connection, '/dm/1', stepName(this.form, 'challenge', 0), this.first, '407');
    const path = /\/dm\/1\/[\w-]+/.exec(challenge.toString('latin1'))?.[0] ?? '/dm/1';
    const proven = await this.post(connection, path, stepName(this.form, 'challenge', 1), this.secondProven, '212');
    return [challenge, proven];
  }

  private async post(
    connection: HttpConnection,
    path: string,
    step: string,
    { octets, sessionAt, credentialAt }: Template,
    expected: string,
  ): Promise<Buffer> {
    const body = Buffer.from(octets);
    body.write(this.session.toString(16).padStart(SESSION.length, '0'), sessionAt, 'latin1');
    if (credentialAt >= 0)
      body.write(md5Credential(this.digest, this.nonce ?? Buffer.alloc(0)), credentialAt, 'latin1');
    const { status, body: answer } = await connection.post(path, `${this.headers}x-step: ${step}\r\n`, body);
    const text = answer.toString('latin1');
    const nonce = nonceIn(text);
    if (status !== 200 || nonce === undefined || !text.includes(expected)) {
      throw new Error(`${step} of ${this.number}: HTTP ${status}, no ${expected} in ${JSON.stringify(text)}`);
    }
    this.nonce = Buffer.from(nonce, 'base64');
    return answer;
  }
}

/** What a simulated device with the standard tree sends first. */
export async function packageOneOf(): Promise<Message> {
  let sent: { readonly body?: Uint8Array; readonly contentType: string } | undefined;
  const device = new Dm1Device({ url: 'http://bench.invalid/dm/1', deviceId: DEVICE, ...LOGIN }, (request) => {
    sent = { body: request.body, contentType: request.headers['content-type'] ?? '' };
    return Promise.reject(new Error('nobody is there'));
  });
  await device.connect();
  const decoded = decodeMessage(sent?.body ?? new Uint8Array(), sent?.contentType ?? '');
  if (!decoded.ok) throw new Error(`the simulated device sends no message: ${decoded.code}`);
  return decoded.value.message;
}

function template(packageOne: Message, form: Form, deviceId: string, msgId: string, isProven: boolean): Template {
  const { cred: _, ...header } = packageOne.header;
  const cred = { meta: { format: 'b64', type: AUTH_MD5 }, data: { kind: 'text', text: CREDENTIAL } } as const;
  const message: Message = {
    ...packageOne,
    header: {
      ...header,
      msgId,
      sessionId: SESSION,
      source: { locUri: deviceId, locName: LOGIN.user },
      ...(isProven ? { cred } : {}),
    },
    body: packageOne.body.map((command) =>
      'items' in command
        ? {
            ...command,
            items: command.items.map((item) =>
              item.source?.locUri === './DevInfo/DevId' ? { ...item, data: { kind: 'text', text: deviceId } } : item,
            ),
          }
        : command,
    ),
  };
  const octets = Buffer.from(encodeMessage(message, { form }));
  return { octets, sessionAt: octets.indexOf(SESSION), credentialAt: octets.indexOf(CREDENTIAL) };
}

/** XML: between tags. WBXML: NextNonce with content (0x50), then an inline string or an opaque of up to 127 octets. */
const NONCES = [/NextNonce[^>]*>([A-Za-z0-9+/=]+)</, /\x50(?:\x03|\xc3[\x01-\x7f])([A-Za-z0-9+/=]{24})/]; // eslint-disable-line no-control-regex

function nonceIn(text: string): string | undefined {
  for (const pattern of NONCES) {
    const found = pattern.exec(text)?.[1];
    if (found !== undefined) return found;
  }
  return undefined;
}
