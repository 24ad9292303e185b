import type { TcpAbilities } from '#linux/tcp-abilities.ts';
import { allFeatures, type Feature } from '#state/features.ts';

/** Features that rest on what the kernel can do. */
const needed: Partial<Record<Feature, keyof TcpAbilities>> = {
  'tcp-md5': 'md5',
  'tcp-ao': 'ao',
  'ttl-security': 'minHopLimit',
  vrf: 'device',
};

/** What a speaker of this version can run on a kernel with these abilities: it says so in its Hello. */
export function featuresWith(abilities: TcpAbilities): readonly Feature[] {
  return allFeatures.filter((feature) => {
    const ability = needed[feature];
    return ability === undefined || abilities[ability];
  });
}
