// The clocks of the shim, but for waiting. A component waits for a microsecond now and then, to let others run who share its thread. This
// worker has nobody else to run, and JavaScript cannot wait here without giving up the call: so every wait is over at once.
import { monotonicClock as clock, wallClock } from './shim/clocks.js';

const over = () => clock.subscribeDuration(0n);

export const monotonicClock = { ...clock, subscribeDuration: over, subscribeInstant: over };
export { wallClock };
