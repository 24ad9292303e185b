/** Why a file could not be read: which, and why, in words where the system has only a code for it. */
export function unreadable(path: string, error: NodeJS.ErrnoException): string {
  const says: Readonly<Record<string, string>> = {
    ENOENT: 'it does not exist',
    EACCES: 'it may not be read by this user',
    EISDIR: 'it is a folder',
  };
  return `cannot read ${path}: ${says[error.code ?? ''] ?? error.message}`;
}
