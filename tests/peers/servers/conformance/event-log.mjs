// What a session has sent, so that a client may resume a stream from the last event it saw.

/** Events kept for one session; the oldest go first. */
const MAX_EVENTS = 1000;

/** The SDK's `EventStore`, in memory. */
export class EventLog {
  #events = [];
  #next = 0;

  async storeEvent(streamId, message) {
    const eventId = `${streamId}/${this.#next++}`;
    this.#events.push({ eventId, streamId, message });
    if (this.#events.length > MAX_EVENTS) this.#events.shift();
    return eventId;
  }

  async replayEventsAfter(lastEventId, { send }) {
    const streamId = lastEventId.slice(0, lastEventId.lastIndexOf('/'));
    const seen = this.#events.findIndex((event) => event.eventId === lastEventId);
    for (const event of this.#events.slice(seen + 1)) {
      // A priming event has no message to repeat.
      if (event.streamId === streamId && Object.keys(event.message).length > 0) {
        await send(event.eventId, event.message);
      }
    }
    return streamId;
  }
}
