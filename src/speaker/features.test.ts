import { describe, expect, it } from 'vitest';
import { allFeatures } from '#state/features.ts';
import { featuresWith } from './features.ts';

describe('what a speaker can run', () => {
  const able = { md5: true, ao: true, minHopLimit: true, device: true, links: true };

  it('is everything that this version knows, where the kernel can do it all', () => {
    expect(featuresWith(able)).toEqual(allFeatures);
  });

  it('is without what the kernel lacks', () => {
    const lacks = (abilities: object) => allFeatures.filter((feature) => !featuresWith({ ...able, ...abilities }).includes(feature));
    expect(lacks({ ao: false })).toEqual(['tcp-ao']);
    expect(lacks({ links: false })).toEqual(['unnumbered']);
    expect(lacks({ md5: false, minHopLimit: false, device: false })).toEqual(['vrf', 'tcp-md5', 'ttl-security']);
  });
});
