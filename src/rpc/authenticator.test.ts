import { describe, expect, it, vi } from 'vitest';
import { err, ok, type Result } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { Authenticator, type ReviewedToken, type ReviewFailure } from './authenticator.ts';
import { limits } from './limits.ts';

type Review = Result<ReviewedToken, ReviewFailure>;

const user = 'system:serviceaccount:anycast-system:anycast-speaker';
const audience = 'anycast-operator';
const nodeClaim = 'authentication.kubernetes.io/node-name';
const good: ReviewedToken = { user, audiences: [audience], extra: { [nodeClaim]: ['n1'] } };
const unreachable: Review = err({ kind: 'unreachable', message: 'connection refused' });
const refused: Review = err({ kind: 'refused', message: 'token has expired' });

/** A token that expires so many milliseconds after the clock's start, shaped like the API server's. */
function tokenFor(lifetimeMs: number, clock: VirtualClock): string {
  const claims = { exp: (clock.wallMs() + lifetimeMs) / 1_000 };
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
}

/** An authenticator whose API server answers what the test says, and counts. */
function setUp(answer: Review | (() => Promise<Review>)) {
  const clock = new VirtualClock();
  const api = { answer, asked: [] as string[] };
  const authenticator = new Authenticator({
    user,
    audience,
    clock,
    reviewer: async (token, wanted) => {
      api.asked.push(`${token} for ${wanted}`);
      return typeof api.answer === 'function' ? api.answer() : api.answer;
    },
  });
  return { clock, api, authenticator };
}

describe('a token', () => {
  it('of the speaker account, for our audience, speaks for the node that the API server names', async () => {
    const { authenticator, api } = setUp(ok(good));
    expect(await authenticator.authenticate('t')).toEqual(ok('n1'));
    expect(api.asked).toEqual([`t for ${audience}`]);
  });

  it.each<[string, Partial<ReviewedToken>, string]>([
    [
      'of another pod for our audience',
      { user: 'system:serviceaccount:default:default' },
      'the token is of user system:serviceaccount:default:default, only',
    ],
    ['of a user whose name only starts like ours', { user: `${user}-2` }, `the token is of user ${user}-2, only`],
    [
      'for another audience',
      { audiences: ['vault', 'https://kubernetes'] },
      'the token is for audience vault, https://kubernetes, not anycast-operator',
    ],
    ['for no audience', { audiences: [] }, 'the token is for audience (none), not'],
    ['without a node', { extra: {} }, `the token does not name one node in ${nodeClaim}`],
    ['with an empty node', { extra: { [nodeClaim]: [''] } }, 'the token does not name one node'],
    ['with two nodes', { extra: { [nodeClaim]: ['n1', 'n2'] } }, 'the token does not name one node'],
  ])('%s is refused with the reason', async (_name, change, message) => {
    const { authenticator } = setUp(ok({ ...good, ...change }));
    expect(await authenticator.authenticate('t')).toEqual(err({ kind: 'refused', message: expect.stringContaining(message) }));
  });

  it.each(['', 'x'.repeat(limits.tokenCharacters + 1)])('of an impossible length is refused unasked', async (token) => {
    const { authenticator, api } = setUp(ok(good));
    expect(await authenticator.authenticate(token)).toMatchObject({ ok: false, error: { kind: 'refused' } });
    expect(api.asked).toEqual([]);
  });

  it('that the API server refuses is refused', async () => {
    expect(await setUp(refused).authenticator.authenticate('t')).toEqual(refused);
  });

  it('that nobody could review is neither taken nor refused', async () => {
    expect(await setUp(unreachable).authenticator.authenticate('t')).toEqual(unreachable);
  });

  it('whose review hangs counts as not reviewable', async () => {
    const { authenticator, clock } = setUp(() => new Promise(() => undefined));
    const result = authenticator.authenticate('t');
    clock.advance(limits.reviewTimeoutMs);
    expect(await result).toMatchObject({ ok: false, error: { kind: 'unreachable' } });
  });
});

describe('very many tokens', () => {
  it('are reviewed some at a time, the others when those are answered', async () => {
    const answers: ((review: Review) => void)[] = [];
    const { authenticator, api } = setUp(() => new Promise((resolve) => answers.push(resolve)));
    const results = Array.from({ length: limits.reviewsAtOnce + 2 }, (_, index) => authenticator.authenticate(`token-${index}`));
    expect(api.asked).toHaveLength(limits.reviewsAtOnce);
    answers[0]?.(ok(good));
    expect(await results[0]).toEqual(ok('n1'));
    await vi.waitFor(() => expect(api.asked).toHaveLength(limits.reviewsAtOnce + 1));
    answers[1]?.(refused);
    expect(await results[1]).toEqual(refused);
    await vi.waitFor(() => expect(answers).toHaveLength(limits.reviewsAtOnce + 2));
    for (const answer of answers) answer(ok(good));
    expect(await results.at(-1)).toEqual(ok('n1'));
  });

  it('count as not reviewable where their turn does not come, and are not asked about later', async () => {
    const answers: ((review: Review) => void)[] = [];
    const { authenticator, api, clock } = setUp(() => new Promise((resolve) => answers.push(resolve)));
    const results = Array.from({ length: limits.reviewsAtOnce + 1 }, (_, index) => authenticator.authenticate(`token-${index}`));
    clock.advance(limits.reviewTimeoutMs);
    expect(await results.at(-1)).toMatchObject({ ok: false, error: { kind: 'unreachable' } });
    for (const answer of answers) answer(ok(good));
    await Promise.all(results);
    expect(api.asked).toHaveLength(limits.reviewsAtOnce);
  });
});

describe('a reviewed token', () => {
  it('is not reviewed again for a while', async () => {
    const { authenticator, api, clock } = setUp(ok(good));
    const token = tokenFor(3_600_000, clock);
    await authenticator.authenticate(token);
    clock.advance(limits.reviewEveryMs - 1);
    expect(await authenticator.authenticate(token)).toEqual(ok('n1'));
    expect(api.asked).toHaveLength(1);
    clock.advance(1);
    expect(await authenticator.authenticate(token)).toEqual(ok('n1'));
    expect(api.asked).toHaveLength(2);
  });

  it('is taken until it expires while the API server is away', async () => {
    const { authenticator, api, clock } = setUp(ok(good));
    const token = tokenFor(3_600_000, clock);
    await authenticator.authenticate(token);
    api.answer = unreachable;
    clock.advance(3_599_999);
    expect(await authenticator.authenticate(token)).toEqual(ok('n1'));
    clock.advance(1);
    expect(await authenticator.authenticate(token)).toEqual(unreachable);
  });

  it('is out at the next review when the API server refuses it, and stays out', async () => {
    const { authenticator, api, clock } = setUp(ok(good));
    const token = tokenFor(3_600_000, clock);
    await authenticator.authenticate(token);
    clock.advance(limits.reviewEveryMs);
    api.answer = refused;
    expect(await authenticator.authenticate(token)).toEqual(refused);
    api.answer = unreachable;
    expect(await authenticator.authenticate(token)).toEqual(unreachable);
  });

  it.each([
    'opaque',
    'a.b.c',
    `a.${Buffer.from('"text"').toString('base64url')}.c`,
    `a.${Buffer.from('{"exp":"soon"}').toString('base64url')}.c`,
  ])('without a readable expiry is kept for a fixed time: %s', async (token) => {
    const { authenticator, api, clock } = setUp(ok(good));
    await authenticator.authenticate(token);
    api.answer = unreachable;
    clock.advance(limits.reviewKeptMs - 1);
    expect(await authenticator.authenticate(token)).toEqual(ok('n1'));
    clock.advance(1);
    expect(await authenticator.authenticate(token)).toEqual(unreachable);
  });

  it('gives way to newer ones when there are too many', async () => {
    const { authenticator, api } = setUp(ok(good));
    for (let index = 0; index <= limits.reviewedTokens; index++) await authenticator.authenticate(`token-${index}`);
    api.asked.length = 0;
    await authenticator.authenticate('token-1');
    expect(api.asked).toHaveLength(0);
    await authenticator.authenticate('token-0');
    expect(api.asked).toHaveLength(1);
  });
});
