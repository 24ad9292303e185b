import { err, ok, type Result } from '#runtime/result.ts';
import { type EncodedEntry, prefixOfKey } from '#state/entry.ts';
import type { Hello, OperatorMessage, Report, SpeakerMessage } from '#state/messages.ts';
import type { RouteTruth, SessionTruth } from '#state/truth.ts';
import type { Problem } from './checks.ts';
import { prefixProblem } from './entry-checks.ts';
import type * as wire from './generated/anycast/speaker/v1/speaker.ts';
import { limits } from './limits.ts';
import { families, leaveActions, reasonFromWire, sessionStates } from './wire-tables.ts';

/** What a message from the other side turned out to be. Undefined: a kind that this version does not know, to be ignored. */
export type Decoded<Message> = Result<Message | undefined, string>;

/** A speaker's message as it travels. */
export function speakerMessageToWire(message: SpeakerMessage): wire.SyncRequest {
  switch (message.kind) {
    case 'hello':
      return { message: { $case: 'hello', value: { ...message, ...truthToWire(message) } } };
    case 'ack':
      return { message: { $case: 'ack', value: message } };
    case 'nack':
      return { message: { $case: 'nack', value: message } };
    case 'report':
      return { message: { $case: 'report', value: truthToWire(message) } };
    case 'ask':
      return { message: { $case: 'ask', value: message } };
    case 'revokeAck':
      return { message: { $case: 'revokeAck', value: message } };
    case 'leave':
      return { message: { $case: 'leave', value: {} } };
  }
}

/** Reads a speaker's message. The error says which field is wrong: such a stream is ended. */
export function speakerMessageFromWire({ message }: wire.SyncRequest): Decoded<SpeakerMessage> {
  switch (message?.$case) {
    case 'hello':
      return helloFromWire(message.value);
    case 'ack': {
      const { epoch, version, rejected } = message.value;
      return ok({ kind: 'ack', epoch, version, rejected: rejected.map(({ key, message: text }) => ({ key, message: text })) });
    }
    case 'nack': {
      const { epoch, version, keys, message: text } = message.value;
      return ok({ kind: 'nack', epoch, version, keys, message: text });
    }
    case 'report': {
      const problem = tooMany('report', message.value);
      if (problem !== undefined) return err(problem);
      const report: Report = { kind: 'report', ...truthFromWire(message.value) };
      return checkPrefixes('report.routes', prefixesOf(report), report);
    }
    case 'ask': {
      const { id, prefix, evidence } = message.value;
      if (evidence === undefined) return err('ask.evidence is missing');
      return checkPrefixes('ask', [prefix], { kind: 'ask', id, prefix, evidence: evidenceFromWire(evidence) });
    }
    case 'revokeAck':
      return checkPrefixes('revokeAck', message.value.prefixes, { kind: 'revokeAck', prefixes: message.value.prefixes });
    case 'leave':
      return ok({ kind: 'leave' });
    case undefined:
      return ok(undefined);
  }
}

/** An operator's message as it travels. */
export function operatorMessageToWire(message: OperatorMessage): wire.SyncResponse {
  switch (message.kind) {
    case 'full':
      return { message: { $case: 'full', value: { ...message, entries: message.entries.map(entryToWire) } } };
    case 'delta': {
      const { removals: keys, upserts } = message;
      return { message: { $case: 'delta', value: { ...message, removals: { keys }, upserts: upserts.map(entryToWire) } } };
    }
    case 'permit':
      return { message: { $case: 'permit', value: message } };
    case 'revoke':
      return { message: { $case: 'revoke', value: message } };
    case 'askAnswer':
      return { message: { $case: 'askAnswer', value: message } };
    case 'leaveAnswer':
      return { message: { $case: 'leaveAnswer', value: { epoch: message.epoch, action: leaveActions.toWire(message.action) } } };
  }
}

/** Reads an operator's message. Entries stay encoded: one that this node can't run must not hurt the others. */
export function operatorMessageFromWire({ message }: wire.SyncResponse): Decoded<OperatorMessage> {
  switch (message?.$case) {
    case 'full': {
      const { epoch, version, entries, keep, digest } = message.value;
      return ok({ kind: 'full', epoch, version, entries: entries.map(entryFromWire), keep, digest });
    }
    case 'delta': {
      const { epoch, baseVersion, version, removals, upserts, digest } = message.value;
      return ok({
        kind: 'delta',
        epoch,
        baseVersion,
        version,
        removals: removals?.keys ?? [],
        upserts: upserts.map(entryFromWire),
        digest,
      });
    }
    case 'permit':
      return ok({ kind: 'permit', epoch: message.value.epoch, prefixes: message.value.prefixes });
    case 'revoke':
      return ok({ kind: 'revoke', epoch: message.value.epoch, prefixes: message.value.prefixes });
    case 'askAnswer': {
      const { epoch, id, granted, rule } = message.value;
      return ok({ kind: 'askAnswer', epoch, id, granted, rule });
    }
    case 'leaveAnswer': {
      const action = leaveActions.fromWire(message.value.action);
      if (action === undefined) {
        return err(`leaveAnswer.action is ${message.value.action}, which is none of ${leaveActions.words.join(', ')}`);
      }
      return ok({ kind: 'leaveAnswer', epoch: message.value.epoch, action });
    }
    case undefined:
      return ok(undefined);
  }
}

function helloFromWire(value: wire.Hello): Decoded<SpeakerMessage> {
  if (value.node === '' || value.instance === '') return err('hello.node and hello.instance must not be empty');
  const problem = tooMany('hello', value) ?? tooMany('hello', { routes: value.entries });
  if (problem !== undefined) return err(problem);
  const { protocol, features, node, instance, bootId, software, epoch, version, digest, entries, permits } = value;
  const hello: Hello = {
    kind: 'hello',
    protocol,
    features,
    node,
    instance,
    bootId,
    software,
    epoch,
    version,
    digest,
    entries: entries.map(({ key, hash }) => ({ key, hash })),
    ...truthFromWire(value),
    permits,
  };
  const named = entries.flatMap(({ key }) => prefixOfKey(key) ?? []);
  return checkPrefixes('hello', [...prefixesOf(hello), ...permits, ...named], hello);
}

/** What is built of a message is many times as large as the message. */
const tooMany = (field: string, { routes }: { readonly routes: readonly unknown[] }): Problem =>
  routes.length > limits.routesPerMessage ? `${field} names ${routes.length} routes, of at most ${limits.routesPerMessage}` : undefined;

type Truth = { readonly routes: readonly RouteTruth[]; readonly sessions: readonly SessionTruth[] };
type WireTruth = { readonly routes: readonly wire.RouteTruth[]; readonly sessions: readonly wire.SessionTruth[] };

function truthToWire({ routes, sessions }: Truth): WireTruth {
  return {
    routes: routes.map((route) => ({ ...route, ageMs: wholeMs(route.ageMs) })),
    sessions: sessions.map((session) => ({
      ...session,
      ageMs: wholeMs(session.ageMs),
      state: sessionStates.toWire(session.state),
      families: session.families.map(families.toWire),
    })),
  };
}

/** Never fails on words of a newer speaker: what it says about its routers is worth more than the word that is not known. */
function truthFromWire({ routes, sessions }: WireTruth): Truth {
  return {
    routes: routes.map(({ prefix, peers, ageMs }) => ({
      prefix,
      peers: peers.map(({ peer, announced, reason }) => ({ peer, announced, reason: reasonFromWire(reason) })),
      ageMs,
    })),
    sessions: sessions.map(({ peer, state, ageMs, families: numbers, localAddress, announcedPrefixes, lastError }) => ({
      peer,
      state: sessionStates.fromWire(state) ?? 'Idle',
      ageMs,
      families: numbers.flatMap((number) => families.fromWire(number) ?? []),
      localAddress,
      announcedPrefixes,
      lastError,
    })),
  };
}

/** Clocks have fractions, the wire has not. */
const wholeMs = (ms: number): number => Math.max(0, Math.round(ms));

const prefixesOf = (truth: Truth): readonly string[] => truth.routes.map(({ prefix }) => prefix);

/** Prefixes are keys on our side, so one with a second text form would be a second route. */
function checkPrefixes<T>(field: string, prefixes: readonly string[], value: T): Result<T, string> {
  for (const prefix of prefixes) {
    const problem = prefixProblem(`${field}.prefix`, prefix);
    if (problem !== undefined) return err(problem);
  }
  return ok(value);
}

const evidenceFromWire = ({ source, object, resourceVersion, fact }: wire.Evidence) => ({
  source,
  object,
  ...(resourceVersion !== undefined && { resourceVersion }),
  fact,
});

const entryToWire = ({ key, bytes }: EncodedEntry): wire.EncodedEntry => ({
  key,
  bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
});

const entryFromWire = ({ key, bytes }: wire.EncodedEntry): EncodedEntry => ({ key, bytes });
