/** Bearers against programs that others wrote: Debian's kannel, its push proxy gateway and its simulated centres. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readDmPush } from '../../adapters/wap/push';
import { PapBearer } from '../../src/bearers/pap';
import { SmppBearer } from '../../src/bearers/smpp';
import { describeWith, requireTool } from '../support/shared';
import { GOES_ON, push, QUIET } from './support';

const TO = { deviceId: 'IMEI:493005100592800', msisdn: '+491700000001' };
const TIMEOUT_MS = 20_000;

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** A program and what it printed. */
class Program {
  readonly #child: ChildProcess;
  #printed = '';
  readonly #waiting = new Set<() => void>();
  #isOver = false;

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (piece: Buffer) => {
        this.#printed += piece.toString('latin1');
        for (const look of this.#waiting) look();
      });
    this.#child.once('exit', () => {
      this.#isOver = true;
      for (const look of this.#waiting) look();
    });
  }

  /** The first text that fits; rejects when the program ends without. */
  prints(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(this.#printed);
        if (found === null && !this.#isOver) return;
        this.#waiting.delete(look);
        if (found === null) reject(new Error(`${String(pattern)} was not printed:\n${this.#printed}`));
        else resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  async stop(): Promise<void> {
    if (this.#isOver) return;
    const over = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    // It may be in the middle of anything, and nothing of it is kept.
    this.#child.kill('SIGKILL');
    await over;
  }
}

describeWith('kannel', 'With kannel', () => {
  const directory = mkdtempSync(join(tmpdir(), 'moql-kannel-'));
  const programs: Program[] = [];
  const start = (command: string, ...args: readonly string[]): Program => {
    const program = new Program(command, args);
    programs.push(program);
    return program;
  };

  afterAll(async () => {
    for (const program of programs.reverse()) await program.stop();
    rmSync(directory, { recursive: true });
  });

  describe('as a push proxy gateway', () => {
    let url: string;
    let phone: Program;

    beforeAll(async () => {
      const [admin, smsbox, wapbox, smsc, ppg] = await Promise.all([1, 2, 3, 4, 5].map(freePort));
      const path = join(directory, 'kannel.conf');
      writeFileSync(path, configuration({ admin, smsbox, wapbox, smsc, ppg }));
      await start('/usr/sbin/bearerbox', path).prints(/connect_client_thread|MAIN: Start-up done/i);
      phone = start(
        join(requireTool('kannel'), 'fakesmsc'),
        '-H',
        '127.0.0.1',
        '-r',
        String(smsc),
        '-m',
        '0',
        '1 2 text x',
      );
      await start('/usr/sbin/wapbox', path).prints(/HTTP: Opening server at port|Starting.*wapbox|wap_push_ppg/i);
      url = `http://127.0.0.1:${ppg}/wappush`;
      await listens(ppg);
    });

    const bearer = (password: string): PapBearer =>
      new PapBearer('ppg', { url, username: 'moql', password, domain: 'moql.example', timeoutMs: TIMEOUT_MS });

    test('takes a push, and the phone gets a short message to port 2948 with the notification', async () => {
      const sent = push();
      expect(await bearer('secret').send(sent, TO, GOES_ON)).toMatchObject({
        outcome: 'ACCEPTED',
        messageId: expect.stringMatching(/@moql\.example$/) as string,
      });
      const [, to, header, data] = await phone.prints(/Got message \d+: <\S+ (\S+) udh (\S+) data (.*)>\n/);
      expect(to).toBe(TO.msisdn);
      expect(octetsOf(header).toString('hex')).toMatch(/^0605040b84/);
      const body = readDmPush(new Uint8Array(octetsOf(data)));
      expect(Buffer.from(body ?? []).equals(Buffer.from(sent.octets))).toBe(true);
    });

    test('refuses who it does not know', async () => {
      expect(await bearer('wrong').send(push(), TO, GOES_ON)).toEqual({ outcome: 'REFUSED', reason: 'HTTP 401' });
    });
  });

  describe('as a short message centre', () => {
    /** The simulated centre wants to be a box of a gateway too, at the port that is built into it. */
    let gateway: Server | undefined;
    afterAll(() => void gateway?.close());

    test('takes a short message through SMPP', async () => {
      gateway = createServer((socket) => socket.on('error', () => undefined).resume());
      gateway.on('error', () => undefined);
      gateway.listen(13_001, '127.0.0.1');
      const port = await freePort();
      const log = join(directory, 'centre.log');
      const centre = start(join(requireTool('kannel'), 'drive_smpp'), '-p', String(port), '-m', '0', '-l', log);
      await centre.prints(/accept_thread/);
      const sms = new SmppBearer(
        'sms',
        {
          ...{ host: '127.0.0.1', port, tls: false, systemId: 'moql', password: 'pass', systemType: '' },
          ...{ mode: 'transmitter', source: '4321', sourceTon: 3, sourceNpi: 0, dataCoding: 4, window: 10 },
          ...{ receipts: false, enquireLinkMs: 60_000, reconnectMs: 50, timeoutMs: TIMEOUT_MS },
        },
        { log: QUIET },
      );
      const long = push('x'.repeat(200));
      // It says that it begins before it listens: then there is no connection yet, and the bearer makes another one.
      let outcome = await sms.send(long, TO, GOES_ON);
      while (outcome.outcome === 'FAILED' && /ECONNREFUSED/.test(outcome.reason)) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        outcome = await sms.send(long, TO, GOES_ON);
      }
      expect(outcome).toEqual({ outcome: 'ACCEPTED' });
      await sms.close();
      expect(await centre.prints(/messages sent to SMSC: (\d+)/)).toMatchObject({ 1: String(long.sms.length) });
      expect(readFileSync(log, 'latin1')).not.toMatch(/ERROR: .*SMPP/);
    });
  });
});

/** What fakesmsc prints: percent-encoded, blanks as `+`. */
function octetsOf(text = ''): Buffer {
  const latin1 = text
    .replace(/\+/g, ' ')
    .replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(latin1, 'latin1');
}

/** Resolves when the port takes connections. */
async function listens(port: number | undefined): Promise<void> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port ?? 0}/`).catch(() => undefined);
    if (answer !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function configuration(
  ports: Readonly<Record<'admin' | 'smsbox' | 'wapbox' | 'smsc' | 'ppg', number | undefined>>,
): string {
  return `
group = core
admin-port = ${ports.admin}
admin-password = admin
smsbox-port = ${ports.smsbox}
wapbox-port = ${ports.wapbox}
wdp-interface-name = "127.0.0.1"
box-allow-ip = "127.0.0.1"
log-level = 0

group = wapbox
bearerbox-host = 127.0.0.1
log-level = 0

group = smsbox
bearerbox-host = 127.0.0.1

group = smsc
smsc = fake
smsc-id = fake
port = ${ports.smsc}
connect-allow-ip = 127.0.0.1

group = ppg
ppg-url = /wappush
ppg-port = ${ports.ppg}
users = 1
concurrent-pushes = 100
trusted-pi = false

group = wap-push-user
wap-push-user = moql
ppg-username = moql
ppg-password = secret
allow-ip = "127.0.0.1"
`;
}
