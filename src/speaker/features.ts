import type { TcpAbilities } from '#linux/tcp-abilities.ts';
import { allFeatures, type Feature } from '#state/features.ts';

/** What the kernel can do for us. `links`: routers on links can be heard. */
type Abilities = TcpAbilities & { readonly links: boolean };

/** Features that rest on what the kernel can do. */
const needed: Partial<Record<Feature, keyof Abilities>> = {
  'tcp-md5': 'md5',
  'tcp-ao': 'ao',
  'ttl-security': 'minHopLimit',
  vrf: 'device',
  unnumbered: 'links',
};

/** What a speaker of this version can run on a kernel with these abilities: it says so in its Hello. */
export function featuresWith(abilities: Abilities): readonly Feature[] {
  return allFeatures.filter((feature) => {
    const ability = needed[feature];
    return ability === undefined || abilities[ability];
  });
}
