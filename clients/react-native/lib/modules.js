'use strict';
/**
 * What the SDK's JavaScript layer asks its native side for: modules, methods and events, by their names on either side.
 */

/** The native module of each service of the contract, with every method that the JavaScript layer calls. */
const SERVICES = {
  audioPreview: {
    module: 'CommsAPIAudioPreviewModule',
    methods: ['status', 'getCaptureMode', 'setCaptureMode', 'play', 'record', 'stop', 'release'],
  },
  command: { module: 'CommsAPICommandServiceModule', methods: ['send'] },
  conference: {
    module: 'CommsAPIConferenceServiceModule',
    methods: [
      'create', 'current', 'fetch', 'getAudioLevel', 'getLocalStats', 'getMaxVideoForwarding', 'getParticipant',
      'getParticipants', 'getStatus', 'isMuted', 'isSpeaking', 'join', 'listen', 'kick', 'leave', 'mute', 'replay',
      'setAudioProcessing', 'setMaxVideoForwarding', 'setVideoForwarding', 'startAudio', 'stopAudio', 'startVideo',
      'stopVideo', 'startScreenShare', 'stopScreenShare', 'setSpatialDirection', 'setSpatialEnvironment',
      'setSpatialPosition', 'updatePermissions',
    ],
  },
  filePresentation: {
    module: 'CommsAPIFilePresentationServiceModule',
    methods: ['convert', 'getCurrent', 'getImage', 'getThumbnail', 'setPage', 'start', 'stop'],
  },
  localAudio: {
    module: 'CommsAPILocalAudioModule',
    methods: ['getCaptureMode', 'setCaptureMode', 'getComfortNoiseLevel', 'setComfortNoiseLevel', 'start', 'stop'],
  },
  localVideo: { module: 'CommsAPILocalVideoModule', methods: ['start', 'stop'] },
  mediaDevice: {
    module: 'CommsAPIMediaDeviceServiceModule',
    methods: ['getComfortNoiseLevel', 'setComfortNoiseLevel', 'isFrontCamera', 'switchCamera', 'switchSpeaker'],
  },
  notification: {
    module: 'CommsAPINotificationServiceModule',
    methods: ['subscribe', 'unsubscribe', 'invite', 'decline'],
  },
  recording: { module: 'CommsAPIRecordingServiceModule', methods: ['current', 'start', 'stop'] },
  remoteAudio: { module: 'CommsAPIRemoteAudioModule', methods: ['start', 'stop'] },
  remoteVideo: { module: 'CommsAPIRemoteVideoModule', methods: ['start', 'stop'] },
  videoPresentation: {
    module: 'CommsAPIVideoPresentationServiceModule',
    methods: ['current', 'pause', 'play', 'seek', 'start', 'state', 'stop'],
  },
};

/** The native methods whose name and arguments differ from those of the SDK's own, which the contract lists. */
const RENAMED = {
  setVideoForwarding: (strategy, max, participants) => ['videoForwarding', [{ strategy, max, participants }]],
};

/** The native event for each event that the simulator tells. */
const EVENTS = {
  'audioPreview.statusChanged': 'EVENT_AUDIO_PREVIEW_STATUS_CHANGED',
  'command.messageReceived': 'EVENT_COMMAND_MESSAGE_RECEIVED',
  'conference.participantAdded': 'EVENT_CONFERENCE_PARTICIPANT_ADDED',
  'conference.participantUpdated': 'EVENT_CONFERENCE_PARTICIPANT_UPDATED',
  'conference.permissionsUpdated': 'EVENT_CONFERENCE_PERMISSIONS_UPDATED',
  'conference.statusUpdated': 'EVENT_CONFERENCE_STATUS_UPDATED',
  'conference.streamAdded': 'EVENT_CONFERENCE_STREAM_ADDED',
  'conference.streamRemoved': 'EVENT_CONFERENCE_STREAM_REMOVED',
  'conference.streamUpdated': 'EVENT_CONFERENCE_STREAM_UPDATED',
  'filePresentation.fileConverted': 'EVENT_FILEPRESENTATION_FILE_CONVERTED',
  'filePresentation.started': 'EVENT_FILEPRESENTATION_STARTED',
  'filePresentation.stopped': 'EVENT_FILEPRESENTATION_STOPPED',
  'filePresentation.updated': 'EVENT_FILEPRESENTATION_UPDATED',
  'notification.activeParticipants': 'EVENT_NOTIFICATION_ACTIVE_PARTICIPANTS',
  'notification.conferenceCreated': 'EVENT_NOTIFICATION_CONFERENCE_CREATED',
  'notification.conferenceEnded': 'EVENT_NOTIFICATION_CONFERENCE_ENDED',
  'notification.conferenceStatus': 'EVENT_NOTIFICATION_CONFERENCE_STATUS',
  'notification.invitationReceived': 'EVENT_NOTIFICATION_INVITATION_RECEIVED',
  'notification.participantJoined': 'EVENT_NOTIFICATION_PARTICIPANT_JOINED',
  'notification.participantLeft': 'EVENT_NOTIFICATION_PARTICIPANT_LEFT',
  'recording.statusUpdated': 'EVENT_RECORDING_STATUS_UPDATED',
  'sdk.tokenRefresh': 'EVENT_SDK_TOKEN_REFRESH',
  'videoPresentation.paused': 'EVENT_VIDEOPRESENTATION_PAUSED',
  'videoPresentation.played': 'EVENT_VIDEOPRESENTATION_PLAYED',
  'videoPresentation.sought': 'EVENT_VIDEOPRESENTATION_SOUGHT',
  'videoPresentation.started': 'EVENT_VIDEOPRESENTATION_STARTED',
  'videoPresentation.stopped': 'EVENT_VIDEOPRESENTATION_STOPPED',
};

/** An event by its native name or by that of the simulator, as its native name. */
function nativeEvent(name) {
  const found = EVENTS[name] ?? (Object.values(EVENTS).includes(name) ? name : undefined);
  if (found) return found;
  const known = Object.values(EVENTS).join(', ');
  throw new TypeError(`There is no event ${JSON.stringify(name)} in the SDK. There are ${known}.`);
}

module.exports = { EVENTS, RENAMED, SERVICES, nativeEvent };
