import { describe, expect, it } from 'vitest';
import { projectPasswordSecret } from './password-secret.ts';

const metadata = { name: 'tor', namespace: 'anycast-system', uid: 'u', resourceVersion: '1' };
const base64 = (value: string | Uint8Array) => Buffer.from(value).toString('base64');
const secret = (data: unknown, annotations: Readonly<Record<string, string>> = {}) =>
  projectPasswordSecret({ metadata: { ...metadata, annotations }, type: 'kubernetes.io/basic-auth', data });

describe('a Secret with a password', () => {
  it('has it in the first line of the key password', () => {
    expect(secret({ password: base64('pässword'), username: base64('bgp') }).password).toEqual({ ok: true, value: 'pässword' });
    expect(secret({ password: base64('password\n') }).password).toEqual({ ok: true, value: 'password' });
  });

  it.each([
    ['no data', undefined, 'SecretKeyMissing', 'has no key password: put the password there'],
    ['data that are null', null, 'SecretKeyMissing', 'has no key password'],
    ['another key', { username: base64('bgp') }, 'SecretKeyMissing', 'has no key password'],
    ['an empty password', { password: '' }, 'PasswordInvalid', 'the first line of password has 0 octets: 1 to 80 are allowed'],
    ['a long password', { password: base64('x'.repeat(81)) }, 'PasswordInvalid', 'has 81 octets: 1 to 80 are allowed'],
    ['bytes that are no text', { password: base64(Uint8Array.of(0xff)) }, 'PasswordInvalid', 'is no UTF-8 text'],
  ])('with %s says what to do', (_, data, reason, says) => {
    expect(secret(data).password).toMatchObject({ error: { reason, message: expect.stringContaining(says) } });
    expect(secret(data).password).toMatchObject({ error: { message: expect.stringContaining('Secret anycast-system/tor') } });
  });

  it('keeps nothing else of it, such as what kubectl apply notes down', () => {
    const kept = JSON.stringify(
      secret({ username: base64('bgp'), password: '' }, { 'kubectl.kubernetes.io/last-applied-configuration': 'very secret' }),
    );
    expect(kept).not.toContain('very secret');
    expect(kept).not.toContain(base64('bgp'));
  });
});
