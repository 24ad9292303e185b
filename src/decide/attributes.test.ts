import { describe, expect, it } from 'vitest';
import { depreferenced, uniteAttributes } from './attributes.ts';
import { anAdvertisement } from './testing/builders.ts';

describe('several advertisements of one route', () => {
  const old = anAdvertisement({ attributes: { communities: [9, 3], largeCommunities: [[2, 0, 0]], med: 10 } }, 'old');
  const young = anAdvertisement(
    {
      attributes: {
        communities: [3, 1],
        largeCommunities: [
          [2, 0, 0],
          [1, 9, 9],
          [2, 0, 1],
          [2, 1, 0],
        ],
        med: 20,
        localPref: 200,
        prepend: 2,
      },
    },
    'young',
  );

  it('unite their communities, ascending and without repeats', () => {
    expect(uniteAttributes([old, young]).attributes).toMatchObject({
      communities: [1, 3, 9],
      largeCommunities: [
        [1, 9, 9],
        [2, 0, 0],
        [2, 0, 1],
        [2, 1, 0],
      ],
    });
  });

  it('take what there can be only one of from the oldest that sets it, and name the others', () => {
    const { attributes, notes } = uniteAttributes([old, young]);
    expect(attributes).toMatchObject({ med: 10, localPref: 200, prepend: 2 });
    expect(notes).toEqual([
      {
        kind: 'AnycastAdvertisement',
        object: 'young',
        reason: 'AttributeIgnored',
        message:
          'med 20 is ignored where AnycastAdvertisement old matches too: it is older. Set med in one of them only, or make their selectors apart.',
      },
    ]);
  });

  it('do not conflict where they agree', () => {
    const same = anAdvertisement({ attributes: { med: 10 } }, 'same');
    expect(uniteAttributes([old, same]).notes).toEqual([]);
  });

  it('set nothing where none sets it', () => {
    expect(uniteAttributes([anAdvertisement()]).attributes).toEqual({ communities: [], largeCommunities: [], prepend: 0 });
  });
});

it('makes a route the last choice by GRACEFUL_SHUTDOWN, once', () => {
  const attributes = { communities: [1, 0xffffff01], largeCommunities: [], prepend: 0 };
  const last = depreferenced(attributes);
  expect(last.communities).toEqual([1, 0xffff0000, 0xffffff01]);
  expect(depreferenced(last)).toEqual(last);
});
