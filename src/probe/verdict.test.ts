import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataPlaneVerdict } from './verdict.ts';

const answer = (status: number, body: string) => dataPlaneVerdict({ kind: 'answer', status, body });

describe('the verdict on a health-check port', () => {
  it('says that the node forwards when the proxy counts local endpoints', () => {
    const body = '{"service":{"namespace":"dns","name":"edge"},"localEndpoints":2,"serviceProxyHealthy":true}';
    expect(answer(200, body)).toEqual({ answered: true, forwards: true, fact: '200 with 2 local endpoints' });
    expect(answer(200, '{"localEndpoints":1}').fact).toBe('200 with 1 local endpoint');
  });

  it('says that it does not when there are none, whatever the status', () => {
    expect(answer(503, '{"localEndpoints":0}')).toEqual({ answered: true, forwards: false, fact: '503 with 0 local endpoints' });
    expect(answer(200, '{"localEndpoints":0}').forwards).toBe(false);
    expect(answer(503, '{"localEndpoints":2}').forwards).toBe(false);
  });

  it.each(['', 'OK', 'null', '[]', '{}', '{"localEndpoints":"two"}'])('takes a 200 that counts nothing as it is: %j', (body) => {
    expect(answer(200, body)).toEqual({ answered: true, forwards: true, fact: '200' });
  });

  it('knows that nobody answered', () => {
    const verdict = dataPlaneVerdict({ kind: 'failure', detail: 'ECONNREFUSED' });
    expect(verdict).toEqual({ answered: false, forwards: false, fact: 'ECONNREFUSED' });
  });

  it('never throws and never lets a status other than 200 pass', () => {
    fc.assert(
      fc.property(fc.integer(), fc.string(), (status, body) => {
        const verdict = answer(status, body);
        if (status !== 200) expect(verdict.forwards).toBe(false);
      }),
    );
  });
});
