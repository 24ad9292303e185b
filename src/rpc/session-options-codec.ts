import { maxAsn } from '#net/asn.ts';
import { passwordProblem } from '#state/password.ts';
import type { SessionOptions } from '#state/session-options.ts';
import { optional, type Problem, rangeProblem } from './checks.ts';
import type * as wire from './generated/anycast/speaker/v1/speaker.ts';
import { peerRoles, tcpAoAlgorithms } from './wire-tables.ts';

/** The fields of a peer entry that {@link SessionOptions} are. */
type WireOptions = Pick<
  wire.PeerEntry,
  | 'interface'
  | 'vrf'
  | 'passive'
  | 'password'
  | 'tcpAo'
  | 'ttlSecurityHops'
  | 'gracefulRestart'
  | 'role'
  | 'roleStrict'
  | 'localAs'
  | 'extendedNextHop'
  | 'extendedMessages'
  | 'delayOpenMs'
  | 'maxPrefixes'
  | 'noLlgr'
>;

/** Options that are the same on the wire. */
const plain = [
  'interface',
  'vrf',
  'passive',
  'password',
  'ttlSecurityHops',
  'roleStrict',
  'extendedNextHop',
  'extendedMessages',
  'delayOpenMs',
  'maxPrefixes',
  'noLlgr',
] as const satisfies readonly (keyof SessionOptions & keyof WireOptions)[];

/** Those of an object that are there. */
function present<T extends object, K extends keyof T>(from: T, keys: readonly K[]): { [P in K]?: Exclude<T[P], undefined> } {
  return Object.fromEntries(keys.flatMap((key) => (from[key] === undefined ? [] : [[key, from[key]]]))) as {
    [P in K]?: Exclude<T[P], undefined>;
  };
}

export function sessionOptionsToWire(options: SessionOptions): WireOptions {
  const { tcpAo, gracefulRestart, role, localAs } = options;
  return {
    ...present(options, plain),
    tcpAo: tcpAo && { ...tcpAo, algorithm: tcpAoAlgorithms.toWire(tcpAo.algorithm) },
    gracefulRestart,
    role: role === undefined ? 0 : peerRoles.toWire(role),
    localAs,
  };
}

/** Of options that {@link sessionOptionsProblem} finds nothing wrong with. */
export function sessionOptionsFromWire(options: WireOptions): SessionOptions {
  const { tcpAo, gracefulRestart, localAs } = options;
  const role = peerRoles.fromWire(options.role);
  const algorithm = tcpAo && tcpAoAlgorithms.fromWire(tcpAo.algorithm);
  return {
    ...present(options, plain),
    ...(tcpAo !== undefined && algorithm !== undefined && { tcpAo: { keyId: tcpAo.keyId, receiveKeyId: tcpAo.receiveKeyId, algorithm } }),
    ...(gracefulRestart !== undefined && {
      gracefulRestart: { restartSeconds: gracefulRestart.restartSeconds, notification: gracefulRestart.notification },
    }),
    ...(role !== undefined && { role }),
    ...(localAs !== undefined && { localAs: { asn: localAs.asn, replaceAs: localAs.replaceAs } }),
  };
}

/** What is wrong with options, never with a secret in it. */
export function sessionOptionsProblem(options: WireOptions): Problem {
  const { tcpAo, gracefulRestart, localAs, role } = options;
  return (
    optional(options.interface, (value) => deviceProblem('interface', value)) ??
    optional(options.vrf, (value) => deviceProblem('vrf', value)) ??
    optional(options.password, (value) => optional(passwordProblem(value), (problem) => `password ${problem}`)) ??
    optional(tcpAo, (value) => tcpAoProblem(value, options.password)) ??
    optional(options.ttlSecurityHops, (value) => rangeProblem('ttlSecurityHops', value, 1, 254)) ??
    optional(gracefulRestart, (value) => rangeProblem('gracefulRestart.restartSeconds', value.restartSeconds, 1, 4_095)) ??
    (role === 0 || peerRoles.fromWire(role) !== undefined
      ? undefined
      : `role is ${role}, which is none that this version knows: ${peerRoles.words.join(', ')}`) ??
    optional(localAs, (value) => rangeProblem('localAs.asn', value.asn, 1, maxAsn - 1)) ??
    optional(options.delayOpenMs, (value) => rangeProblem('delayOpenMs', value, 1, 240_000)) ??
    optional(options.maxPrefixes, (value) => rangeProblem('maxPrefixes', value, 1, 10_000_000))
  );
}

/** Linux: at most 15 characters. */
const deviceProblem = (field: string, name: string): Problem =>
  /^[^\s/]{1,15}$/.test(name) ? undefined : `${field} is "${name}": the name of a device has 1 to 15 characters, no space and no slash`;

function tcpAoProblem(tcpAo: wire.TcpAo, password: string | undefined): Problem {
  if (password === undefined) return 'tcpAo needs a password';
  if (tcpAoAlgorithms.fromWire(tcpAo.algorithm) === undefined) {
    return `tcpAo.algorithm is ${tcpAo.algorithm}, which is none that this version knows: ${tcpAoAlgorithms.words.join(', ')}`;
  }
  return rangeProblem('tcpAo.keyId', tcpAo.keyId, 0, 255) ?? rangeProblem('tcpAo.receiveKeyId', tcpAo.receiveKeyId, 0, 255);
}
