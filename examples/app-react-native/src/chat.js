/**
 * A chat room: what this app does with the SDK. It knows nothing of tests.
 */
import CommsAPI from '@dolbyio/comms-sdk-react-native';

const ATTEMPTS = 3;

/** Opens a session for somebody; `newToken` asks the app's own server for a client access token. */
export async function logIn(name, newToken) {
  await CommsAPI.initializeToken(await newToken(), newToken);
  for (let attempt = 1; ; attempt++) {
    try {
      return await CommsAPI.session.open({ name });
    } catch (error) {
      // Refused, or the answer was lost: then the session is open all the same.
      if (await CommsAPI.session.isOpen()) return undefined;
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

/** Goes into a room; hears who comes, and what is said. */
export async function enter(room, { onPerson = () => {}, onMessage = () => {} } = {}) {
  CommsAPI.conference.onParticipantsChange(({ participant }) => {
    if (participant.status === 'CONNECTED') onPerson(participant.info.name);
  });
  CommsAPI.command.onMessageReceived(({ message, participant }) => onMessage(participant.info.name, message));
  await CommsAPI.conference.join(await CommsAPI.conference.create({ alias: room }), {});
}

export async function say(message) {
  await CommsAPI.command.send(message);
}

/** Leaves the room, and closes the session. */
export async function logOut() {
  if (await CommsAPI.conference.current()) await CommsAPI.conference.leave();
  await CommsAPI.session.close();
}
