import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from './resource.ts';
import { Store } from './store.ts';

type Slice = KubeObject & { readonly nodes: readonly string[] };

const aSlice = (name: string, nodes: readonly string[], namespace = 'dns'): Slice => ({
  metadata: { namespace, name, uid: name, resourceVersion: '1' },
  nodes,
});

describe('the store', () => {
  it('finds objects by key and by index, in their newest form', () => {
    const store = new Store<Slice>({ byNode: ({ nodes }) => nodes });
    store.set(aSlice('a', ['n1', 'n2']));
    store.set(aSlice('b', ['n2']));
    store.set(aSlice('a', ['n3']));
    expect(store.size).toBe(2);
    expect(store.get('dns/a')?.nodes).toEqual(['n3']);
    expect([...store.keysBy('byNode', 'n2')]).toEqual(['dns/b']);
    expect([...store.keysBy('byNode', 'n3')]).toEqual(['dns/a']);
    expect(store.keysBy('byNode', 'n1').size).toBe(0);
    expect(store.keysBy('noSuchIndex', 'n1').size).toBe(0);
    expect([...store.values()]).toHaveLength(2);
  });

  it('keys objects without a namespace by their name', () => {
    const store = new Store<KubeObject>();
    store.set({ metadata: { name: 'n1', uid: 'u', resourceVersion: '1' } });
    expect([...store.keys()]).toEqual(['n1']);
    store.delete('n2');
    store.delete('n1');
    expect(store.size).toBe(0);
  });

  it('has indexes that agree with its objects after any changes', () => {
    const change = fc.record({ name: fc.constantFrom('a', 'b', 'c'), nodes: fc.option(fc.array(fc.constantFrom('n1', 'n2', 'n3'))) });
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const store = new Store<Slice>({ byNode: ({ nodes }) => nodes });
        for (const { name, nodes } of changes) {
          if (nodes === null) store.delete(`dns/${name}`);
          else store.set(aSlice(name, nodes));
        }
        for (const node of ['n1', 'n2', 'n3']) {
          const expected = [...store.values()].filter(({ nodes }) => nodes.includes(node)).map(({ metadata }) => `dns/${metadata.name}`);
          expect([...store.keysBy('byNode', node)].sort()).toEqual(expected.sort());
        }
      }),
    );
  });
});
