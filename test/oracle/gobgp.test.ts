import { describe, expect, it } from 'vitest';
import { encodeMessage } from '#bgp/wire/encode.ts';
import type { DecodeContext } from '#bgp/wire/negotiated.ts';
import { anUpdateBody } from '#bgp/wire/testing/builders.ts';
import { makeCorpus } from '../fuzz/corpus.ts';
import { Dice } from '../fuzz/dice.ts';
import { framed, mutant } from '../fuzz/mutate.ts';
import { type Difference, differencesOf } from './differences.ts';
import { explanations } from './explanations.ts';
import { askGobgp, type Question } from './gobgp.ts';
import { ourView } from './view.ts';

/** One seed: each difference was looked at. Another one shows whether the explanations hold beyond it. */
const seed = Number(process.env['FUZZ_SEED'] ?? 7);
const mutants = 60_000;
const program = process.env['ORACLE'];
if (program === undefined) throw new Error('ORACLE names the program that asks GoBGP: ORACLE=$(test/oracle/gobgp/build)');

const corpus = makeCorpus(seed, 400);

/** Paths that chance seldom makes without another fault beside them: a set, a confederation, AS 0. */
const rarePaths = ['40 02 06 01 01 0000fbf4', '40 02 06 03 01 0000fbf4', '40 02 06 02 01 00000000'];
const rare = rarePaths.map((path): Question => {
  const body = anUpdateBody({ attributes: `40 01 01 00 ${path} 40 03 04 0a000001`, announced: '20 c0000235' });
  return { frame: framed(2, body), options: 'i' };
});

const contextOf = (options: string): DecodeContext => ({
  fourOctetAsn: !options.includes('2'),
  maxMessageLength: 65_535,
  maxReceivedLength: 65_535,
  peerType: options.includes('i') ? 'ibgp' : 'ebgp',
  families: ['IPv4', 'IPv6'],
  addPath: options.includes('a') ? ['IPv4', 'IPv6'] : [],
  extendedNextHop: true,
});

function differences(questions: readonly Question[]): Difference[] {
  const theirs = askGobgp(program as string, questions);
  expect(theirs).toHaveLength(questions.length);
  return questions.flatMap((question, index) => {
    const theirView = theirs[index];
    return theirView === undefined ? [] : differencesOf(question, ourView(question.frame, contextOf(question.options)), theirView);
  });
}

const isExplained = (difference: Difference): boolean => explanations.some(({ explains }) => explains(difference));

/** A difference as a person reads it. */
const show = ({ what, options, frame, ours, theirs }: Difference) => ({
  what,
  options,
  frame: Buffer.from(frame).toString('hex'),
  ours: JSON.stringify(ours),
  theirs: JSON.stringify(theirs),
});

describe(`GoBGP's decoder and ours, seed ${seed}`, () => {
  const mutated: Question[] = Array.from({ length: mutants }, (_, index) => {
    const dice = new Dice(seed, index);
    const frame = mutant(corpus, dice);
    return { frame, options: (dice.oneIn(3) ? '2' : '') + (dice.oneIn(2) ? 'i' : '') + (dice.oneIn(8) ? 'a' : '') };
  });
  const found = differences([...rare, ...mutated]);

  it('read what we send alike', () => {
    const sent = corpus.messages.map((message) => ({ frame: encodeMessage(message, contextOf('i')), options: 'i' }));
    expect(
      differences(sent)
        .filter((difference) => !isExplained(difference))
        .map(show),
    ).toEqual([]);
  });

  it('read damaged messages alike, but for what is explained', () => {
    expect(found.filter((difference) => !isExplained(difference)).map(show)).toEqual([]);
  });

  it.each(explanations.map(({ name, explains }) => [name, explains] as const))('need the explanation: %s', (_, explains) => {
    const others = explanations.filter((explanation) => explanation.explains !== explains);
    expect(found.some((difference) => explains(difference) && !others.some((other) => other.explains(difference)))).toBe(true);
  });
});
