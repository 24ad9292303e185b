import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { loadKubeconfig } from './kubeconfig.ts';

const folder = mkdtempSync(join(tmpdir(), 'anycast-kubeconfig-'));
const file = join(folder, 'config');
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

/** A kubeconfig, with parts replaced. */
function aKubeconfig(parts: { cluster?: object; user?: object; context?: object; current?: string } = {}): string {
  return JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: 'https://192.0.2.1:6443', ...parts.cluster } }],
    users: [{ name: 'u', user: { token: 'secret-token', ...parts.user } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', ...parts.context } }],
    ...(parts.current !== '' && { 'current-context': parts.current ?? 'x' }),
  });
}

function failure(content: string): string {
  writeFileSync(file, content);
  const loaded = loadKubeconfig(file);
  return loaded.ok ? 'no error' : loaded.error;
}

describe('loading a kubeconfig', () => {
  it('reads a good one', () => {
    writeFileSync(file, aKubeconfig());
    const loaded = loadKubeconfig(file);
    expect(loaded.ok && loaded.value.getCurrentCluster()?.server).toBe('https://192.0.2.1:6443');
  });

  it('names a file that is not there', () => {
    const loaded = loadKubeconfig(join(folder, 'missing'));
    expect(loaded).toEqual({
      ok: false,
      error: `kubeconfig ${folder}/missing does not exist; name a readable kubeconfig with --kubeconfig`,
    });
  });

  it('names a folder', () => {
    expect(loadKubeconfig(folder)).toMatchObject({ ok: false, error: expect.stringContaining('is a folder') });
  });

  it.skipIf(process.getuid?.() === 0)('names a file that may not be read', () => {
    writeFileSync(file, aKubeconfig());
    chmodSync(file, 0o000);
    expect(loadKubeconfig(file)).toMatchObject({ ok: false, error: expect.stringContaining('may not be read') });
    chmodSync(file, 0o600);
  });

  it('says in one line that it is no YAML, without showing what is in it', () => {
    const text = failure('users:\n- name: u\n  user: { token: secret-token\n');
    expect(text).toMatch(/^kubeconfig .*config is not valid: /);
    expect(text).not.toContain('secret-token');
    expect(text).not.toContain('\n');
  });

  it('says that it is empty', () => {
    expect(failure('')).toMatch(/^kubeconfig .* is not valid: /);
  });

  it('names the part that is missing or wrong', () => {
    expect(failure(aKubeconfig({ current: '' }))).toContain('current-context is not set');
    expect(failure(aKubeconfig({ current: 'y' }))).toContain('there is no context y');
    expect(failure(aKubeconfig({ context: { cluster: 'other' } }))).toContain('context x names a cluster that is not in the file');
    expect(failure(aKubeconfig({ context: { user: 'other' } }))).toContain('context x names a user that is not in the file');
    expect(failure(aKubeconfig({ cluster: { server: 'nonsense' } }))).toContain('server nonsense of cluster c is not a URL');
    expect(failure(aKubeconfig({ cluster: { server: 'http://192.0.2.1' } }))).toContain('is plain HTTP');
    expect(failure(aKubeconfig({ cluster: { 'certificate-authority': '/no/ca.crt' } }))).toContain(
      'certificate-authority /no/ca.crt does not exist',
    );
    expect(failure(aKubeconfig({ user: { 'client-key': 'no.key' } }))).toContain(`client-key ${folder}/no.key does not exist`);
  });

  it('says where it looked when there is none at all', () => {
    vi.stubEnv('KUBECONFIG', '');
    vi.stubEnv('HOME', folder);
    expect(loadKubeconfig(undefined)).toMatchObject({ ok: false, error: expect.stringMatching(/^no kubeconfig: .*--kubeconfig$/) });
  });

  it('takes the one that KUBECONFIG names', () => {
    writeFileSync(file, aKubeconfig());
    vi.stubEnv('KUBECONFIG', file);
    expect(loadKubeconfig(undefined).ok).toBe(true);
    vi.stubEnv('KUBECONFIG', join(folder, 'missing'));
    expect(loadKubeconfig(undefined)).toMatchObject({ ok: false, error: expect.stringContaining(`${folder}/missing does not exist`) });
  });
});
