import { err, ok, type Result } from '#runtime/result.ts';

/** Most octets that Linux takes as a key of TCP MD5 or TCP-AO. */
const maxOctets = 80;

/** What is wrong with the password of a session, never with the password in it; undefined where nothing is. */
export function passwordProblem(password: string): string | undefined {
  const octets = new TextEncoder().encode(password).length;
  return octets >= 1 && octets <= maxOctets ? undefined : `has ${octets} octets: 1 to ${maxOctets} are allowed`;
}

/** The password in a text that people write: its first line, since editors and `echo` end it with one. */
export function passwordIn(text: string): Result<string, string> {
  const [password = ''] = text.split('\n');
  const problem = passwordProblem(password);
  return problem === undefined ? ok(password) : err(problem);
}
