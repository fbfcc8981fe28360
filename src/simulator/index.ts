/** Simulated devices of both protocols, which hold their server to the facts. */
export { command, folder, leaf, type NodeDefinition, type Stored, type Verb } from './definition';
export type { SessionTrigger, SimulatedDevice, Stepper } from './device';
export { Dm1Device, type Dm1DeviceOptions } from './dm1-device';
export {
  optionsOfAccount,
  readBootstrap,
  type BootstrapAccount,
  type BootstrapReading,
  type DeviceSecrets,
} from './dm1/bootstrap';
export { Chaos, CHAOS_KINDS, OTHER_ANSWER, type ChaosEvent, type ChaosKind } from './dm1/chaos';
export { clientNamed, DM1_CLIENTS, type ClientProfile } from './dm1/clients';
export type { DeviceAlert } from './dm1/memory';
export { wakeUpOf, type WakeUp } from './dm1/notification';
export { obligingPerson, type Person, type PersonReply, type Shown } from './dm1/person';
export { DM1_RULES, type Dm1Rule } from './dm1/rules';
export { Dm2Device, type Dm2DeviceOptions } from './dm2-device';
export { optionsOfMoAccount, readMoBootstrap, type MoAccount, type MoBootstrapReading } from './dm2/bootstrap';
export { wakeUpOfPackage0, type Dm2WakeUp } from './dm2/notification';
export { DM2_RULES, type Dm2Rule } from './dm2/rules';
export { largeObject } from './large-object';
export { deviceIdOf, identityOf, type DeviceIdentity } from './identity';
export type { ProtocolViolation, SeenStatus, SessionReport, TranscriptEntry } from './report';
export { simulate, Simulation, type SimulateOptions } from './run';
export { MOID, type Plant } from './standard-tree';
export {
  httpTransport,
  type HttpTransportOptions,
  type Transport,
  type WireRequest,
  type WireResponse,
} from './transport';
export { DeviceTree, type NodeState, type TreeError, type TreeLimits, type TreeNode } from './tree';
export { listenForWakeUps, wokenBy, type WakeUpListener, type Woken } from './wake-ups';
