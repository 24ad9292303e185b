import { hasTombstone, type ObservedConfig, type View } from './view.ts';

/**
 * The AnycastConfig by whose mode Observe no session is opened; undefined where sessions may be. One that is missing or stale
 * goes on observing; deleting it ends the mode, for without it every default holds.
 */
export function observingConfig(view: View): ObservedConfig | undefined {
  const config = view.config();
  return config?.isObserved === true && !hasTombstone(config) ? config : undefined;
}
