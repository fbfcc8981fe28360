/** `moql simulate --bootstrap`: a simulated device's account from a bootstrap document, in a file or at an address. */
import { readFileSync } from 'node:fs';

import {
  optionsOfAccount,
  optionsOfMoAccount,
  readBootstrap,
  readMoBootstrap,
  type DeviceSecrets,
  type Dm1DeviceOptions,
  type Dm2DeviceOptions,
} from '../simulator';
import { UsageError } from './command';

/** Throws UsageError for a document that cannot be had, is refused by the device, or is of no account that it can use. */
export async function accountOfDocument(
  place: string,
  secrets: DeviceSecrets,
): Promise<Omit<Dm1DeviceOptions, 'deviceId'>> {
  const { octets, mediaType } = await load(place);
  const read = readBootstrap(octets, mediaType, secrets);
  if (!read.ok) throw new UsageError(`--bootstrap: ${read.message}`);
  const options = optionsOfAccount(read.account);
  if (options === undefined)
    throw new UsageError(`--bootstrap: no simulated device proves itself by ${read.account.client?.type ?? 'that'}`);
  return options;
}

/** The same for a DM 2.0 device. */
export async function accountOfMoDocument(place: string): Promise<Omit<Dm2DeviceOptions, 'deviceId'>> {
  const { octets, mediaType = 'application/dmmo+json' } = await load(place);
  const read = readMoBootstrap(octets, mediaType);
  if (!read.ok) throw new UsageError(`--bootstrap: ${read.message}`);
  return optionsOfMoAccount(read.account);
}

async function load(place: string): Promise<{ readonly octets: Uint8Array; readonly mediaType?: string }> {
  try {
    if (!/^https?:\/\//.test(place)) return { octets: readFileSync(place) };
    const answer = await fetch(place);
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return {
      octets: new Uint8Array(await answer.arrayBuffer()),
      mediaType: answer.headers.get('content-type') ?? '',
    };
  } catch (error) {
    throw new UsageError(`--bootstrap cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
