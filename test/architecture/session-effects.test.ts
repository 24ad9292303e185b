import { describe, expect, it } from 'vitest';
import { settingsEffects } from '#bgp/peer/settings.ts';
import { sessionEffects } from '#decide/session-effect.ts';

// decide tells beforehand what a change of a peer does; bgp/peer does it. Neither room may import the other.
describe('what a change of a peer does to its session', () => {
  // An entry of another name is another peer, and the identifier is the node's.
  const { name: _name, routerId: _routerId, ...ofPeers } = settingsEffects;

  it('is said of the same fields by the operator and by the session', () => {
    expect(Object.keys(sessionEffects).sort()).toEqual(Object.keys(ofPeers).sort());
  });

  it.each(Object.entries(ofPeers))('is the same for both: %s is %s', (field, effect) => {
    expect(sessionEffects[field as keyof typeof sessionEffects]).toBe(effect);
  });
});
