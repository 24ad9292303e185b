import { describe, expect, it } from 'vitest';
import { errorOfAnswer, errorOfEvent, isConflict, isExpired, isNotFound } from './api-error.ts';

const status = (reason: string, code: number, more: object = {}) => ({ kind: 'Status', reason, code, message: 'because', ...more });

describe('errors of the API server', () => {
  it('carry what its Status says', () => {
    expect(errorOfAnswer('GET services dns/edge', 404, status('NotFound', 404))).toEqual({
      status: 404,
      reason: 'NotFound',
      message: 'GET services dns/edge: because',
    });
  });

  it('are told apart from errors of something in between', () => {
    const ofProxy = errorOfAnswer('GET services', 404, 'nothing here');
    expect(ofProxy).toEqual({ status: 404, reason: 'Status404', message: 'GET services: the API server answered 404' });
    expect(isNotFound(ofProxy)).toBe(false);
    expect(isNotFound(errorOfAnswer('x', 404, status('NotFound', 404)))).toBe(true);
    expect(errorOfAnswer('x', 502, null).reason).toBe('Status502');
    expect(errorOfAnswer('x', 500, status('', 500)).reason).toBe('Status500');
  });

  it('say how long to wait, by header or by body', () => {
    expect(errorOfAnswer('x', 429, undefined, '7').retryAfterSeconds).toBe(7);
    expect(errorOfAnswer('x', 429, status('TooManyRequests', 429, { details: { retryAfterSeconds: 3 } })).retryAfterSeconds).toBe(3);
    expect(errorOfAnswer('x', 429, undefined, 'Wed, 21 Oct 2026 07:28:00 GMT').retryAfterSeconds).toBeUndefined();
    expect(errorOfAnswer('x', 429, undefined, '-1').retryAfterSeconds).toBeUndefined();
  });

  it('are recognised', () => {
    expect(isConflict(errorOfAnswer('x', 409, status('Conflict', 409)))).toBe(true);
    expect(isExpired(errorOfAnswer('x', 410, undefined))).toBe(true);
    expect(isExpired(errorOfEvent('x', status('Gone', 200)))).toBe(true);
    expect(isExpired(errorOfEvent('x', status('Expired', 200)))).toBe(true);
    expect(isExpired(errorOfEvent('x', status('InternalError', 500)))).toBe(false);
    expect(errorOfEvent('x', {}).status).toBe(500);
  });
});
