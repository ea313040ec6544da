import type CommsAPI from '@dolbyio/comms-sdk-react-native';

/** How a native side behaves. */
export interface Options {
  /** Where the simulator is, or a world of it; OPENFIRST_URL by default, then `http://127.0.0.1:8765`. */
  url?: string;
  /** Whose error codes and shapes an app sees, and what `Platform.OS` is in the stand-in; `ios` by default. */
  platform?: 'ios' | 'android';
  /** Whether the session's events are listened to; `true` by default. */
  events?: boolean;
  /** Is told of every call that comes to the native side. */
  onCall?: (call: { module: string; method: string; arguments: unknown[] }) => void;
}

/** The names of the SDK's events. */
export type EventName =
  | 'EVENT_AUDIO_PREVIEW_STATUS_CHANGED'
  | 'EVENT_COMMAND_MESSAGE_RECEIVED'
  | 'EVENT_CONFERENCE_PARTICIPANT_ADDED'
  | 'EVENT_CONFERENCE_PARTICIPANT_UPDATED'
  | 'EVENT_CONFERENCE_PERMISSIONS_UPDATED'
  | 'EVENT_CONFERENCE_STATUS_UPDATED'
  | 'EVENT_CONFERENCE_STREAM_ADDED'
  | 'EVENT_CONFERENCE_STREAM_REMOVED'
  | 'EVENT_CONFERENCE_STREAM_UPDATED'
  | 'EVENT_FILEPRESENTATION_FILE_CONVERTED'
  | 'EVENT_FILEPRESENTATION_STARTED'
  | 'EVENT_FILEPRESENTATION_STOPPED'
  | 'EVENT_FILEPRESENTATION_UPDATED'
  | 'EVENT_NOTIFICATION_ACTIVE_PARTICIPANTS'
  | 'EVENT_NOTIFICATION_CONFERENCE_CREATED'
  | 'EVENT_NOTIFICATION_CONFERENCE_ENDED'
  | 'EVENT_NOTIFICATION_CONFERENCE_STATUS'
  | 'EVENT_NOTIFICATION_INVITATION_RECEIVED'
  | 'EVENT_NOTIFICATION_PARTICIPANT_JOINED'
  | 'EVENT_NOTIFICATION_PARTICIPANT_LEFT'
  | 'EVENT_RECORDING_STATUS_UPDATED'
  | 'EVENT_SDK_TOKEN_REFRESH'
  | 'EVENT_VIDEOPRESENTATION_PAUSED'
  | 'EVENT_VIDEOPRESENTATION_PLAYED'
  | 'EVENT_VIDEOPRESENTATION_SOUGHT'
  | 'EVENT_VIDEOPRESENTATION_STARTED'
  | 'EVENT_VIDEOPRESENTATION_STOPPED';

/** The native side of one SDK. */
export interface Native {
  /** Where its simulator is. */
  readonly url: string;
  readonly platform: 'ios' | 'android';
  /** The token in use; null before any initialisation, and with key and secret before a token was needed. */
  readonly token: string | null;
  /** The native modules by their names, as `NativeModules` of react-native has them. */
  readonly NativeModules: Record<string, Record<string, (...given: any[]) => any>>;
  /** Every event that has come, in order, the last 1,000 of them; `gap` stands for those that were lost. */
  readonly events: ReadonlyArray<{ name: string; body: any }>;
  /**
   * The body of the first event of this name (and for which `fits` holds) that was not given yet: one that has come already, or as
   * soon as it comes. Rejects, and says what to do, when the session is over, its world was reset or dropped, the simulator has
   * stopped, the token is refused and the app gives no other, or the client is closed. A name may also be the simulator's
   * (`command.messageReceived`). Throws TypeError for an event that the SDK does not have.
   */
  event(name: EventName | (string & {}), fits?: (body: any) => boolean): Promise<any>;
  /**
   * The token of the next refresh, not given yet, that the app has answered, or, with key and secret, that the native side has got by
   * itself. Rejects if there was none to be had, and where nothing more comes, as `event` does.
   */
  refreshed(): Promise<string>;
  /**
   * Resolves as soon as no call is underway, and JavaScript has every event that the simulator has for this session; or every one
   * that can come, where a fault has taken away its network. For what the app does of its own (its token server) it does not wait.
   * What it asks is asked of the control plane: no fault strikes it, no journal tells of it. Rejects where there is no simulator, or
   * no such world, any more.
   */
  settled(): Promise<void>;
  /** Asks the app for a fresh token at once (with key and secret, the platform), as happens at half, at three quarters and at the end of the token's life. */
  refreshToken(): void;
  /** Ends its connections; a call that is underway is never answered, and a later one is refused. */
  close(): void;
}

/** What a call of the SDK is rejected with. */
export interface NativeError extends Error {
  /** As an app sees it: on iOS `error`, `noCurrentParticipant` or `credential`, on Android `EUNSPECIFIED`. */
  code: string;
  /** On iOS alone. */
  domain?: string;
  /** What the simulator answered: for the test, an app sees nothing of it. Not enumerable. */
  readonly problem?: { code: string; status?: number; title?: string; detail?: string; rule?: string; quote?: string };
}

/** A participant of its own. */
export interface Client<Loaded = any> {
  native: Native;
  /** What was loaded on its native side. */
  loaded: Loaded;
  /** Ends its connections. The session stays open: that is for the app to close. */
  close(): void;
}

export interface SdkClient extends Client {
  /** The SDK: the default export of `@dolbyio/comms-sdk-react-native`. */
  sdk: typeof CommsAPI;
}

/**
 * Stands in for `react-native` (in Node), or for its native modules (in Jest), for all that is imported from now on. Called again, it
 * changes the options, as long as nobody has used the SDK. Throws Error after an import of the SDK that it was to come before.
 */
export function install(options?: Options): Native;

/** Closes every client, and lets `react-native` be what it was. In Jest, and under `node --test`, it is called at a file's end. */
export function uninstall(): void;

/** Loads the SDK anew, on a native side of its own. */
export function client(options?: Options): SdkClient;
/** Loads what uses the SDK anew, on a native side of its own: `client({}, () => require('./app'))`. */
export function client<Loaded>(options: Options | undefined, load: () => Loaded): Client<Loaded>;

/** Something that goes wrong; docs/simulator.md lists the kinds and their fields. */
export interface Fault {
  operation?: string;
  kind?: string;
  recipe?: string;
  times?: number | null;
  [field: string]: unknown;
}

/** A world of the simulator: a whole platform of its own, where time stands still until the test moves it. */
export interface World {
  readonly name: string;
  readonly url: string;
  /** A client in this world; it is closed with it. */
  client(options?: Omit<Options, 'url'>): SdkClient;
  client<Loaded>(options: Omit<Options, 'url'> | undefined, load: () => Loaded): Client<Loaded>;
  /** A client access token; `expiresIn` in seconds. */
  token(
    externalId?: string,
    options?: { expiresIn?: number; scopes?: string[]; condition?: string },
  ): Promise<string>;
  /** Something goes wrong, once unless `times` says otherwise (null: always). */
  fail(fault: Fault): Promise<any>;
  /** Nothing goes wrong any more. */
  heal(): Promise<void>;
  /** Time passes, in seconds; gives what happened. */
  advance(seconds: number): Promise<any>;
  /** The entries of the journal that fit: `{operation: 'open', status: '201'}`. */
  journal(filter?: Record<string, string>): Promise<any[]>;
  /** What is left behind: sessions that are open, faults that never struck. */
  left(): Promise<{ sessions: any[]; faults: any[] }>;
  /** Closes the clients of this world, and drops it. */
  drop(): Promise<void>;
  /** Any other request to the control plane, at a path within this world: `control('GET', '/clock')`. */
  control(method: string, path: string, body?: unknown): Promise<any>;
}

/** A fresh world. Rejects with Error where the simulator refuses, or does not answer. */
export function world(options?: {
  url?: string;
  name?: string;
  choices?: Record<string, string>;
  seed?: string | number;
  scale?: number;
}): Promise<World>;
