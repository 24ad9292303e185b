import { AdjRibIn } from '#bgp/rib/adj-rib-in.ts';
import { decodeMessage } from '#bgp/wire/decode.ts';
import { encodeMessage } from '#bgp/wire/encode.ts';
import type { DecodeError } from '#bgp/wire/errors.ts';
import { decodeHeader } from '#bgp/wire/header.ts';
import type { Message, UpdateMessage } from '#bgp/wire/messages.ts';
import type { DecodeContext } from '#bgp/wire/negotiated.ts';
import type { Result } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { type Corpus, makeCorpus } from './corpus.ts';
import { Dice } from './dice.ts';
import { LiveSession } from './live-session.ts';
import { mutant } from './mutate.ts';
import { type Outcome, outcomeOf } from './rule.ts';

/** What a campaign is; with equal values it is the same one again. */
export type CampaignOptions = {
  readonly seed: number;
  readonly messages: number;
  /** Number of the first message; to run one again, say its number and `messages: 1`. Default 0. */
  readonly from?: number;
  /** Called every `progressEvery` messages. */
  readonly progress?: (done: number) => void;
};

/** A message that showed a bug. */
export type Finding = {
  readonly index: number;
  readonly what: string;
  /** The message in hexadecimal. */
  readonly frame: string;
  readonly context: string;
};

/** What a campaign found, and what it had done when it stopped. */
export type CampaignResult = {
  readonly done: number;
  readonly findings: readonly Finding[];
  /** How often each came out, so that a campaign that reaches nothing is seen. */
  readonly outcomes: Readonly<Record<Outcome | 'noUpdate', number>>;
  /** Sessions that were begun: one that had to end is followed by another. */
  readonly sessions: number;
};

/** After so many findings a campaign stops: they are mostly one. */
const enoughFindings = 10;
/** A message that takes longer hangs the session. A busy machine takes its time too, but not so much. */
const hangMs = 10_000;
/** Virtual time from one message to the next: timers that were set anew are over soon, and no session is silent for its hold time. */
const messageMs = 20;
/** With more prefixes new ones are refused. */
const keptPrefixes = 2_000;
const samples = 400;
export const progressEvery = 1_000_000;

/** Runs a campaign. Never throws because of what a message does: that is a finding. */
export function runCampaign({ seed, messages, from = 0, progress }: CampaignOptions): CampaignResult {
  const corpus = makeCorpus(seed, samples);
  const findings: Finding[] = [];
  const outcomes = { fine: 0, withdraw: 0, disableFamily: 0, reset: 0, noUpdate: 0 };
  const clock = new VirtualClock();
  const routes = new AdjRibIn<number>(keptPrefixes);
  let session: LiveSession | undefined;
  let sessions = 0;
  let index = from;
  for (; index < from + messages && findings.length < enoughFindings; index++) {
    const dice = new Dice(seed, index);
    const frame = mutant(corpus, dice);
    const context = anyContext(dice);
    const found = (what: string, agreed: DecodeContext): void => {
      findings.push({ index, what, frame: Buffer.from(frame).toString('hex'), context: JSON.stringify(agreed) });
    };
    attempt(
      () => {
        const outcome = checkDecoder(frame, context, (what) => found(what, context));
        outcomes[outcome] += 1;
      },
      (what) => found(what, context),
    );
    if (session === undefined) {
      session = new LiveSession(clock, routes, dice);
      sessions += 1;
    }
    const live = session;
    attempt(
      () => checkSession(live, frame, dice, (what) => found(what, live.agreed)),
      (what) => found(what, live.agreed),
    );
    if (!live.isUp || live.delivered > 5_000) session = undefined;
    if (routes.size > keptPrefixes) found('more routes are kept than the bound allows', live.agreed);
    clock.advance(messageMs);
    if (index % 97 === 0) checkIdentity(corpus, dice, (what, agreed) => found(what, agreed));
    if ((index + 1 - from) % progressEvery === 0) progress?.(index + 1 - from);
  }
  return { done: index - from, findings, outcomes, sessions };
}

/** What is done must not throw, and must not take long. */
function attempt(work: () => void, found: (what: string) => void): void {
  const startedMs = performance.now();
  try {
    work();
  } catch (error) {
    found(`threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  const tookMs = performance.now() - startedMs;
  if (tookMs > hangMs) found(`took ${Math.round(tookMs)} ms`);
}

/** Any agreement of a session. */
function anyContext(dice: Dice): DecodeContext {
  const families = dice.pick([['IPv4'], ['IPv6'], ['IPv4', 'IPv6'], ['IPv4', 'IPv6']] as const);
  const peerType = dice.pick(['ebgp', 'ibgp'] as const);
  return {
    fourOctetAsn: !dice.oneIn(3),
    maxMessageLength: 65_535,
    maxReceivedLength: dice.pick([4_096, 65_535]),
    peerType,
    families,
    addPath: dice.oneIn(6) ? families : [],
    extendedNextHop: dice.oneIn(2),
    ...(peerType === 'ebgp' &&
      dice.oneIn(2) && {
        relation: { role: dice.pick(['Provider', 'RouteServer', 'RouteServerClient', 'Customer', 'Peer'] as const), peerAsn: 64_501 },
      }),
  };
}

/** The decoder's answer against the rule; says what came out. */
function checkDecoder(frame: Uint8Array, context: DecodeContext, found: (what: string) => void): Outcome | 'noUpdate' {
  const decoded = decodeMessage(frame, context);
  const isUpdate = frame[18] === 2 && (decoded.ok || decoded.error.notification.code === 3);
  if (!isUpdate) return 'noUpdate';
  const outcome = outcomeOfDecoder(decoded);
  const allowed = outcomeOf(frame, context);
  if (outcome !== allowed) found(`the decoder says ${outcome}, the rule ${allowed}: ${problemsOf(decoded)}`);
  if (decoded.ok && decoded.value.kind === 'update') checkUpdate(decoded.value, outcome, found);
  return outcome;
}

function outcomeOfDecoder(decoded: Result<Message, DecodeError>): Outcome {
  if (!decoded.ok) return 'reset';
  const faults = decoded.value.kind === 'update' ? decoded.value.faults : [];
  const verdicts = faults.map(({ verdict }) => verdict);
  if (verdicts.includes('disableFamily')) return 'disableFamily';
  return verdicts.includes('withdraw') ? 'withdraw' : 'fine';
}

const problemsOf = (decoded: Result<Message, DecodeError>): string =>
  decoded.ok && decoded.value.kind === 'update' ? JSON.stringify(decoded.value.faults.map(({ message }) => message)) : 'reset';

/** What the verdicts promise about the routes. */
function checkUpdate(update: UpdateMessage, outcome: Outcome, found: (what: string) => void): void {
  const withdraws = update.faults.some(({ verdict }) => verdict === 'withdraw');
  if (withdraws && update.reachable.length > 0) found('routes are announced that are to be treated as withdrawn');
  if (outcome === 'disableFamily' && update.disabled === undefined) found('no family is named that is over');
  if (update.faults.length > 0 && update.bytes === undefined) found('the malformed message was not kept');
  if (update.endOfRib !== undefined && update.reachable.length + update.unreachable.length > 0) found('an End-of-RIB marker has routes');
}

/** A session goes on unless the rule, the header or the message's kind says that it ends, and it ends with a NOTIFICATION. */
function checkSession(session: LiveSession, frame: Uint8Array, dice: Dice, found: (what: string) => void): void {
  const stays = staysUp(frame, session.agreed);
  // Another session costs more than all else: of what ends one a part is enough.
  if (!stays && !dice.oneIn(16)) return;
  session.deliver(frame, dice);
  if (session.isUp !== stays && !isShort(frame)) found(`the session ${stays ? `ended: ${session.lastError}` : 'goes on'}`);
  const saidWhy = session.isUp || frame[18] === 3 || session.stream.lastWritten[18] === 3;
  if (!saidWhy) found('the session ended without a NOTIFICATION');
  // What waits for more octets would be read together with the next message.
  if (session.isUp && isShort(frame)) session.stream.destroy();
}

/** An UPDATE is judged by the rule; KEEPALIVE and ROUTE-REFRESH are fine where they can be read; OPEN and NOTIFICATION end a session. */
function staysUp(frame: Uint8Array, agreed: DecodeContext): boolean {
  if (frame[18] === 2) return decodeHeader(frame, agreed.maxReceivedLength).ok && outcomeOf(frame, agreed) !== 'reset';
  return (frame[18] === 4 || frame[18] === 5) && decodeMessage(frame, agreed).ok;
}

/** Whether the header says that more is to come, or it is none at all. */
const isShort = (frame: Uint8Array): boolean => ((frame[16] ?? 0) << 8) + (frame[17] ?? 0) !== frame.length;

/** Encode, decode, encode: nothing is lost or added. */
function checkIdentity(corpus: Corpus, dice: Dice, found: (what: string, context: DecodeContext) => void): void {
  const message = dice.pick(corpus.messages);
  const context: DecodeContext = {
    fourOctetAsn: dice.oneIn(2),
    maxMessageLength: 65_535,
    maxReceivedLength: 65_535,
    peerType: 'ibgp',
    families: ['IPv4', 'IPv6'],
  };
  const first = encodeMessage(message, context);
  const decoded = decodeMessage(first, context);
  const second = decoded.ok ? encodeMessage(decoded.value, context) : new Uint8Array();
  if (Buffer.compare(first, second) !== 0) found(`encoded again it is ${Buffer.from(second).toString('hex')}`, context);
}
