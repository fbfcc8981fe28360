/**
 * What a turn brings about: effects of both protocols, in order, become rows to change. Pure but for its own memory, which
 * holds the device's MOs and running operations as they are after each effect.
 */
import type { Address, Effect, Json, RecognisedBy, Tree } from '../../adapters/adapter';
import { familyOf, type DdfLibrary } from '../../schema/ddf/library';
import type { AlertRow, TurnChanges } from '../store/turn-apply';
import type { StoredDocument } from '../store/turn-load';
import type { ChunkWrite, CredentialWrite, DefaultWrite, ItemWrite } from '../store/turn-write';
import { accessSeen } from './access-seen';
import { INHERITED_ACL } from './acl';
import { AclChanges } from './acl-changes';
import { alertRowOf } from './alert-row';
import { answerOf } from './answer';
import { endOfExec } from './async-exec';
import { isReadOfCopy, type LiveOperation, type LiveCommand } from './command-state';
import { Companions, move, type CommandEffect } from './companions';
import { credentialWrites, type KeptNotifications, type KnownCredential } from './credential-writes';
import { settledDefault } from './default-document';
import { DocumentChanges } from './documents';
import { fileItem, handedOut, offeredItem, type ItemLimits } from './file-items';
import { isContent } from './item-value';
import { checkStepOf, settleCheck } from './lost-answer';
import { findMoves, findPlace, isInInbox, nameInstance, normaliseUri } from './places';
import { withPage } from './show-page';
import type { CopyTarget } from './judge';
import { treeInDocument } from './stored-tree';
import { restoreTree, restoreValue, storeTree, type StoredTree, type StoredValue } from './stored-value';
import type { Taken } from './sharing';
import { isStorable, storable, storableText } from './tree';
import type { TreeReading } from './tree-reading';

/** Management objects kept of one device: what a device tells beyond them is noted and left. */
export const MAX_MOS = 2_000;

type Answered = Extract<Effect, { kind: 'commandAnswered' }>;

export interface LiveMo {
  readonly family: string;
  moid: string;
  readonly miid: string;
  place: string | null;
  validator: string | null;
  /** As it is stored, where that was loaded. */
  known?: StoredDocument | null;
}

export interface LedgerLimits extends ItemLimits {
  readonly lockAfter: number;
}

export class Ledger {
  readonly mos: LiveMo[];
  readonly operations = new Map<string, LiveOperation>();
  /** (family, miid) announced since the session began. */
  readonly announced: Set<string>;
  /** Those of them that nobody knew before. */
  readonly found: Set<string>;
  /** Instances that are found at another place: they keep their names. */
  readonly moved: { readonly family: string; readonly miid: string; readonly as: string }[] = [];
  isAuthenticated = false;
  refusal: { readonly reason: string; readonly counted: boolean; readonly foreign?: boolean } | undefined;
  boundAs: { readonly deviceId: string; readonly protocol: string } | undefined;
  endReason: string | null = null;
  isDiscovered = false;
  /** Access rights were seen in this turn: what was loaded of them counts no more. */
  isAccessChanged = false;
  /** What is known of the device's MOs may be stale. */
  isDiscoveryDue = false;
  readonly features: Record<string, { value: Json; evidence: string; at: string }> = {};
  readonly supportedMos: Record<string, { ddf?: string }> = {};
  readonly nonces: { direction: 'CLIENT' | 'SERVER'; nonce: string }[] = [];
  readonly events: { type: string; data: unknown }[] = [];
  readonly notes: string[] = [];
  /** Documents of DEFAULT of which the device told whether it takes them. */
  readonly defaults: DefaultWrite[] = [];
  /** Commands that share the fate of those that are sent. */
  readonly companions = new Companions();
  #documents: DocumentChanges;
  readonly #acls = new AclChanges();
  #gone: { family: string; miid: string }[] = [];
  #alerts: AlertRow[] = [];
  #items: ItemWrite[] = [];
  #chunks: ChunkWrite[] = [];
  readonly #dropped: string[] = [];
  /** The notification that a session answered, and with it those before; no number: all of them. */
  #answered: { readonly sessionNo?: number } | undefined;

  constructor(
    private readonly library: DdfLibrary,
    private readonly now: number,
    private readonly limits: LedgerLimits,
    mos: readonly LiveMo[],
    operations: readonly LiveOperation[],
    known: { readonly announced: readonly string[]; readonly found: readonly string[] },
  ) {
    this.mos = mos.map((mo) => ({ ...mo }));
    this.announced = new Set(known.announced);
    this.found = new Set(known.found);
    this.#documents = new DocumentChanges(library);
    this.addOperations(operations);
  }

  addOperations(operations: readonly LiveOperation[]): void {
    for (const operation of operations.filter(({ id }) => !this.operations.has(id))) {
      this.operations.set(operation.id, operation);
      this.companions.know(operation);
    }
  }

  apply(effects: readonly Effect[]): void {
    for (const effect of effects) this.#applyOne(effect);
  }

  /** Changes of commands, documents and alerts since it was last asked. */
  takeChanges(): TurnChanges {
    const commands = [];
    const operations = [];
    for (const operation of this.operations.values()) {
      const taken = operation.take();
      commands.push(...taken.commands);
      if (taken.operation === undefined) continue;
      operations.push(taken.operation);
      const { state, ended } = taken.operation;
      this.events.push({
        type: ended ? 'operationEnded' : 'operationChanged',
        data: { operation: operation.id, state },
      });
    }
    const changes = {
      commands,
      operations,
      ...this.#documents.take(),
      gone: this.#gone,
      alerts: this.#alerts,
      acls: this.#acls.take(),
    };
    this.#gone = [];
    this.#alerts = [];
    return changes;
  }

  takeItems(): readonly ItemWrite[] {
    return this.#items.splice(0);
  }

  /** Parts of large objects that the session keeps, and those that it needs no more. */
  get chunks(): { readonly kept: readonly ChunkWrite[]; readonly dropped: readonly string[] } {
    return { kept: this.#chunks, dropped: this.#dropped };
  }

  /** What is to be written of the device's credentials; see {@link credentialWrites}. */
  credentialWrites(
    known: KnownCredential | null,
    refusals?: unknown,
    notified?: KeptNotifications | null,
  ): CredentialWrite[] {
    const { nonces, refusal, isAuthenticated, limits, now } = this;
    return credentialWrites(
      { nonces, refusal, isAuthenticated, refusals, answered: this.#answered },
      { known, notified: notified ?? null },
      { lockAfter: limits.lockAfter, now },
    );
  }

  #applyOne(effect: Effect): void {
    switch (effect.kind) {
      case 'authenticated':
        this.isAuthenticated = true;
        return;
      case 'refused':
        this.refusal = effect;
        return;
      case 'nonceChanged':
        this.nonces.push({ direction: effect.direction, nonce: Buffer.from(effect.nonce).toString('base64') });
        return;
      case 'deviceBound':
        this.boundAs = effect;
        return;
      case 'featureLearned':
        if (!isStorable(effect.feature)) return;
        this.features[effect.feature] = {
          value: storable(effect.value),
          evidence: storableText(effect.evidence),
          at: new Date(this.now).toISOString(),
        };
        return;
      case 'moAnnounced':
        this.#announce(effect.moid, effect.miid, effect.place, effect.ddf, effect.recognisedBy);
        return;
      case 'moGone':
        this.#remove(familyOf(effect.moid), effect.miid);
        return;
      case 'discoveryDue':
        this.isDiscoveryDue = true;
        this.events.push({ type: 'discoveryDue', data: { why: storableText(effect.why) } });
        return;
      case 'discoveryComplete':
        this.#discovered(effect.complete);
        return;
      case 'valuesObserved':
        this.#observe(effect.at, effect.tree, effect.complete, effect.validator);
        return;
      case 'valuesUnchanged':
        this.#touch(effect.at);
        return;
      case 'valuesGone':
        this.#forget(effect.at);
        return;
      case 'commandSent':
      case 'commandAccepted':
      case 'commandAnswered':
      case 'commandUnanswered':
      case 'commandNotExecuted':
        this.#settle(effect);
        return;
      case 'itemOffered':
        this.#offer(effect);
        return;
      case 'alertRaised':
        this.#raise(effect);
        return;
      case 'sessionEnded':
        // Of the old session; this turn's is just beginning.
        if (effect.reason !== 'SUPERSEDED') this.endReason = effect.reason;
        return;
      case 'noted':
        this.notes.push(effect.what);
        return;
      case 'chunkKept':
        this.#chunks.push({
          ref: effect.ref,
          position: effect.position,
          base64: Buffer.from(effect.octets).toString('base64'),
        });
        return;
      case 'chunksDropped':
        this.#chunks = this.#chunks.filter((chunk) => chunk.ref !== effect.ref);
        this.#dropped.push(effect.ref);
        return;
      case 'wakeUpAnswered':
        this.events.push({ type: 'wakeUpAnswered', data: effect.match === undefined ? {} : { match: effect.match } });
        this.#answered = effect;
        return;
      case 'bootstrapCompleted':
        this.events.push({ type: 'bootstrapCompleted', data: {} });
        return;
    }
  }

  // Management objects ---------------------------------------------------------------------------------------------

  #announce(
    moid: string,
    miid: string | undefined,
    place: string | undefined,
    ddf: string | undefined,
    recognisedBy: RecognisedBy,
  ): LiveMo | undefined {
    if (![moid, miid ?? '', place ?? '', ddf ?? ''].every(isStorable)) {
      this.notes.push('a management object was told by a name that cannot be stored');
      return undefined;
    }
    if (Object.keys(this.supportedMos).length < MAX_MOS) this.supportedMos[moid] = ddf === undefined ? {} : { ddf };
    if (miid === undefined && place === undefined) return undefined;
    const family = familyOf(moid);
    const at = place === undefined ? null : normaliseUri(place);
    const known = this.mos.find(
      (mo) => mo.family === family && (miid === undefined ? mo.place === at : mo.miid === miid),
    );
    if (known === undefined && this.mos.length >= MAX_MOS) {
      this.notes.push(`more than ${MAX_MOS} management objects: ${moid} is not kept`);
      return undefined;
    }
    const name =
      known?.miid ??
      miid ??
      nameInstance(at ?? '.', new Set(this.mos.filter((mo) => mo.family === family).map((mo) => mo.miid)));
    const mo = known ?? { family, moid, miid: name, place: at, validator: null };
    if (known === undefined) this.#found(mo);
    mo.moid = moid;
    mo.place = at ?? mo.place;
    this.announced.add(keyOf(mo));
    this.#documents.touch(mo, recognisedBy);
    if (known === undefined) this.events.push({ type: 'managementObjectFound', data: { moid, miid: name, place: at } });
    return mo;
  }

  /** A new instance; one that went in this very turn begins anew. */
  #found(mo: LiveMo): void {
    this.mos.push(mo);
    this.found.add(keyOf(mo));
    const wasHere = this.#gone.findIndex((gone) => gone.family === mo.family && gone.miid === mo.miid);
    if (wasHere < 0) return;
    this.#gone.splice(wasHere, 1);
    this.#documents.begin(mo);
  }

  #remove(family: string, miid: string): void {
    const index = this.mos.findIndex((mo) => mo.family === family && mo.miid === miid);
    if (index < 0) return;
    const [mo] = this.mos.splice(index, 1);
    this.#documents.drop(family, miid);
    this.#gone.push({ family, miid });
    this.events.push({ type: 'managementObjectGone', data: { moid: mo?.moid ?? family, miid } });
  }

  #discovered(complete: boolean): void {
    this.isDiscovered = true;
    this.isDiscoveryDue = false;
    if (!complete) return;
    for (const { gone, found } of findMoves(this.mos, this.announced, this.found)) this.#move(gone, found);
    for (const mo of [...this.mos]) if (!this.announced.has(keyOf(mo))) this.#remove(mo.family, mo.miid);
  }

  /** The same object at another place: it is known by the name that it had, and what was seen at its new place is its own. */
  #move(gone: LiveMo, found: LiveMo): void {
    this.moved.push({ family: gone.family, miid: gone.miid, as: found.miid });
    this.mos.splice(this.mos.indexOf(found), 1);
    gone.moid = found.moid;
    const from = gone.place;
    gone.place = found.place;
    this.announced.add(keyOf(gone));
    this.events.push({
      type: 'managementObjectMoved',
      data: { moid: gone.moid, miid: gone.miid, from, to: gone.place },
    });
  }

  /** The MO of an address, and the path below its root. */
  #locate(at: Address): { mo: LiveMo; path: string } | undefined {
    if ('uri' in at) return findPlace(this.mos, at.uri);
    const family = familyOf(at.moid);
    const candidates = this.mos.filter((mo) => mo.family === family && (at.miid === undefined || mo.miid === at.miid));
    const mo =
      candidates.length === 1
        ? candidates[0]
        : candidates.find((c) => at.place !== undefined && c.place === normaliseUri(at.place));
    return mo === undefined ? undefined : { mo, path: at.path };
  }

  /** @param reading what was made of the tree already, by the MOID and path of the address */
  #observe(at: Address, tree: Tree, complete: boolean, validator?: string, reading?: TreeReading): void {
    const found = this.#locate(at);
    if (found === undefined) return;
    // What is stored is what a validator stands for only where it came with all of it.
    const isWhole = found.path === '' && complete;
    this.#validate(found.mo, isWhole && validator !== undefined ? storableText(validator) : '');
    const isSame = 'moid' in at && at.moid === found.mo.moid && at.path === found.path;
    this.#documents.observe(found.mo, found.path, tree, complete, isSame ? reading : undefined);
  }

  /** Empty: what is stored is no more what the device's validator stands for. */
  #validate(mo: LiveMo, validator: string): void {
    if (validator !== '' || mo.validator !== null) mo.validator = validator;
  }

  #touch(at: Address): void {
    const found = this.#locate(at);
    if (found !== undefined) this.#documents.confirm(found.mo, found.path === '');
  }

  #forget(at: Address): void {
    const found = this.#locate(at);
    if (found === undefined) return;
    if (found.path === '') this.#remove(found.mo.family, found.mo.miid);
    else {
      this.#validate(found.mo, '');
      this.#documents.remove(found.mo, found.path);
      this.#acls.gone(found.mo, found.path);
    }
  }

  // Commands -------------------------------------------------------------------------------------------------------

  find(id: string): { operation: LiveOperation; command: LiveCommand } | undefined {
    const dot = id.lastIndexOf('.');
    const operation = this.operations.get(id.slice(0, dot));
    const command = operation?.command(Number(id.slice(dot + 1)));
    return operation === undefined || command === undefined ? undefined : { operation, command };
  }

  #settle(effect: CommandEffect): void {
    const found = this.find(effect.command);
    if (effect.kind === 'commandSent') {
      if (found !== undefined) this.#sent(found, effect);
      return;
    }
    let isRemembered = false;
    for (const { operation, command } of [...(found ? [found] : []), ...this.companions.joinedTo(effect.command)]) {
      if (effect.kind === 'commandAnswered')
        isRemembered = this.#answer(operation, command, effect, isRemembered) || isRemembered;
      else move(operation, command, effect);
    }
  }

  #sent({ operation, command }: Taken, effect: Extract<Effect, { kind: 'commandSent' }>): void {
    if (effect.page !== undefined) command.request = withPage(command.request, effect.page, this.now);
    operation.sent(command, effect.carrier, this.#addressOf(command)?.miid ?? null);
    this.#items.push(...handedOut(operation, command, this.now, this.limits));
    this.companions.sent(effect.command, effect.carrier, command.miid);
  }

  /** @returns whether what the answer tells of the device was taken up; one answer may be that of several commands */
  #answer(operation: LiveOperation, command: LiveCommand, told: Answered, isRemembered: boolean): boolean {
    if (checkStepOf(command) !== undefined) {
      const done = settleCheck(operation, command, told);
      if (done !== undefined) this.#remember(operation, command, done);
      return done !== undefined;
    }
    if (isReadOfCopy(command) && told.outcome === 'OK' && told.tree !== undefined) {
      this.#copyRead(operation, command, told.tree);
      return true;
    }
    const effect = told.unchanged === true ? this.#asStored(command, told) : told;
    if (effect === undefined) {
      // It is as we have it, which we have not: it is read as if nobody had asked before.
      command.request = { ...command.request, uncached: true };
      operation.requeue(command);
      return false;
    }
    const { reading, ...answer } = answerOf(effect, command, this.library);
    if (!operation.answered(command, answer)) return false;
    const settled = settledDefault(command, effect.outcome);
    if (settled !== undefined) this.defaults.push(settled);
    if (!isRemembered) this.#remember(operation, command, effect, reading);
    return true;
  }

  /** The first step of a copy was answered: what is there is written in the second. */
  #copyRead(operation: LiveOperation, command: LiveCommand, tree: Tree): void {
    const at = this.#addressOf(command);
    if (at !== undefined) this.#observe(at, tree, true);
    const { step: _, attempts: __, ...request } = command.request;
    command.request = { ...request, content: storeTree(tree) };
    operation.requeue(command);
  }

  /** The answer "as you have it" with what we have; undefined where there is nothing. */
  #asStored(command: LiveCommand, effect: Answered): Answered | undefined {
    const at = this.#addressOf(command);
    const known = at === undefined ? undefined : this.#locate(at)?.mo.known;
    const tree = known == null ? undefined : treeInDocument(known, command.path, this.library);
    return tree === undefined ? undefined : { ...effect, tree };
  }

  /** What an answer tells of the device's values: read, written, deleted or not there. */
  #remember(operation: LiveOperation, command: LiveCommand, effect: Answered, reading?: TreeReading): void {
    const { outcome } = effect;
    const at = this.#addressOf(command);
    if (at === undefined) return;
    const access = accessSeen(command, at, effect, this.mos);
    if (access !== undefined) this.#observe(access.at, access.tree, true);
    this.isAccessChanged ||= access !== undefined;
    if (command.kind === 'get' && effect.unchanged === true) this.#touch(at);
    else if (command.kind === 'get' && outcome === 'OK' && effect.tree !== undefined) {
      const isWhole = command.request['depth'] === undefined || command.request['depth'] === null;
      this.#observe(at, effect.tree, isWhole, effect.validator, reading);
    } else if (command.kind === 'get' && outcome === 'NOT_FOUND' && at.path !== '') this.#forget(at);
    else if (command.kind === 'delete' && command.outcome === 'OK') this.#forget(at);
    else if (outcome === 'OK' && (command.kind === 'add' || command.kind === 'replace'))
      this.#written(operation, command, at, effect.created ?? []);
    else if (outcome === 'OK' && command.kind === 'copy') this.#copied(command);
    else if (outcome === 'OK' && (command.kind === 'getAcl' || command.kind === 'setAcl'))
      this.#aclSeen(command, at, effect);
  }

  /** What a copy has written is known where it was read first. */
  #copied(command: LiveCommand): void {
    const to = command.request['to'] as CopyTarget | undefined;
    const content = command.request['content'] as StoredTree | undefined;
    if (to === undefined || 'uri' in to || content === undefined) return;
    const found = this.#locate({ moid: to.moid, miid: to.miid ?? undefined, path: to.path });
    if (found === undefined) return;
    this.#validate(found.mo, '');
    this.#documents.write(found.mo, found.path, restoreTree(content));
  }

  #aclSeen(command: LiveCommand, at: Address, { code, data }: Answered): void {
    const found = this.#locate(at);
    const set = command.request['value'] as StoredValue | undefined;
    const text = command.kind === 'getAcl' ? data : set && restoreValue(set).data;
    if (found === undefined || typeof text !== 'string' || !isStorable(text)) return;
    this.#acls.saw(found.mo, found.path, text, command.kind === 'getAcl' && code === INHERITED_ACL);
  }

  #written(
    operation: LiveOperation,
    command: LiveCommand,
    at: Extract<Address, { moid: string }>,
    created: readonly Address[],
  ): void {
    const made = created.find(
      (c): c is Extract<Address, { moid: string }> =>
        'moid' in c && c.path === '' && (c.miid !== undefined || c.place !== undefined),
    );
    const isNewInstance = command.kind === 'add' && at.path === '';
    if (isNewInstance) {
      // What the device put elsewhere is where it says.
      const place = made?.place ?? (isInInbox(at.place) ? undefined : at.place);
      const mo = this.#announce(at.moid, made?.miid ?? at.miid, place, undefined, 'MOID');
      // What the device made without telling its name is found when it is read next.
      if (mo === undefined) return;
      operation.named(command, mo.miid);
      at = { ...at, miid: mo.miid };
    }
    const found = this.#locate(at);
    if (found === undefined) return;
    this.#validate(found.mo, '');
    const name = at.path.split('/').at(-1) ?? '';
    const value = command.request['value'] as StoredValue | undefined;
    const tree = command.request['tree'] as StoredTree | undefined;
    if (tree !== undefined)
      this.#documents.write(found.mo, found.path, restoreTree(tree), command.request['whole'] === true);
    else if (value?.k === 'r') this.#documents.writeStored(found.mo, found.path, value);
    // What the device fetched is not kept a second time: it is known again when it is read.
    else if (value !== undefined && isContent(value)) this.#documents.remove(found.mo, found.path);
    else if (value !== undefined) this.#documents.write(found.mo, found.path, { name, value: restoreValue(value) });
    else this.#documents.write(found.mo, found.path, { name, children: [] });
  }

  #addressOf(command: LiveCommand): { moid: string; miid?: string; path: string; place?: string } | undefined {
    if (command.family === null || command.moid === null) return undefined;
    const place = typeof command.request['place'] === 'string' ? command.request['place'] : undefined;
    const family = command.family;
    // A new instance without a name is none of those that are there.
    const isNewInstance = command.kind === 'add' && command.path === '';
    const candidates = isNewInstance ? [] : this.mos.filter((mo) => mo.family === family);
    const miid = command.miid ?? (candidates.length === 1 ? candidates[0]?.miid : undefined);
    return { moid: command.moid, miid, path: command.path, place };
  }

  // Reports --------------------------------------------------------------------------------------------------------

  #raise(effect: Extract<Effect, { kind: 'alertRaised' }>): void {
    const address = (at: Address | undefined): Json => {
      if (at === undefined) return null;
      const found = this.#locate(at);
      if (found !== undefined) return { moid: found.mo.moid, miid: found.mo.miid, path: found.path };
      return 'uri' in at ? { uri: at.uri } : { moid: at.moid, miid: at.miid ?? null, path: at.path };
    };
    this.#alerts.push(alertRowOf(effect, { source: address(effect.source), target: address(effect.target) }));
    this.events.push({
      type: 'alertRaised',
      data: { alertType: storableText(effect.type), mark: storableText(effect.mark) },
    });
    if (effect.final === false) return;
    const located = effect.source === undefined ? undefined : this.#locate(effect.source);
    const end = endOfExec(this.operations.values(), {
      type: storableText(effect.type),
      correlator: effect.correlator,
      reportedAt: effect.reportedAt,
      source: located && { family: located.mo.family, miid: located.mo.miid, path: located.path },
      sourceUri:
        located === undefined && effect.source !== undefined && 'uri' in effect.source ? effect.source.uri : undefined,
      codes: effect.resultCodes ?? (effect.resultCode === undefined ? [] : [effect.resultCode]),
      data: storable(effect.data),
    });
    if (end === undefined) return;
    const { outcome, code, result, error } = end;
    end.operation.answered(end.command, { outcome, code, result, error });
  }

  #offer(effect: Extract<Effect, { kind: 'itemOffered' }>): void {
    const found = this.find(effect.command);
    this.#items.push(
      effect.file === undefined
        ? offeredItem(effect, found, this.now, this.limits)
        : fileItem(effect.token, effect.file, found, this.now, this.limits),
    );
  }
}

function keyOf(mo: { readonly family: string; readonly miid: string }): string {
  return `${mo.family}\n${mo.miid}`;
}
