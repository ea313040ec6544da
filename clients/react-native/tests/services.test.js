'use strict';
/** What the unmodified SDK makes of the services behind the gate: results and events as its types have them. */
const assert = require('node:assert/strict');
const { test } = require('node:test');

const { world } = require('..');

/** Ana and Bob in a conference of a world that is dropped when the test ends. */
async function meeting(t) {
  const platform = await world();
  t.after(() => platform.drop());
  const people = {};
  for (const name of ['ana', 'bob']) {
    people[name] = platform.client();
    await people[name].sdk.initializeToken(await platform.token(name), () => platform.token(name));
    await people[name].sdk.session.open({ name });
  }
  const { ana, bob } = people;
  return { platform, ana, bob, rehearsal: await ana.sdk.conference.create({ alias: 'rehearsal' }) };
}

test('who is notified, invited and declines', async (t) => {
  const { ana, bob, rehearsal } = await meeting(t);
  const heard = [];
  bob.sdk.notification.onInvitationReceived(({ conferenceAlias, participant }) => heard.push([conferenceAlias, participant.info.name]));
  bob.sdk.notification.onParticipantJoined(({ conferenceAlias, participant }) => heard.push([conferenceAlias, participant.status]));
  bob.sdk.notification.onActiveParticipants(({ participantCount }) => heard.push(participantCount));
  const wanted = ['PARTICIPANT_JOINED', 'ACTIVE_PARTICIPANTS'].map((type) => ({
    type: `SUBSCRIPTION_TYPE_${type}`,
    conferenceAlias: 'rehearsal',
  }));
  await bob.sdk.notification.subscribe(wanted);
  await ana.sdk.conference.join(rehearsal, {});
  await ana.sdk.notification.invite(rehearsal, [{ info: { externalId: 'bob' } }]);
  await bob.native.settled();
  assert.deepEqual(heard, [['rehearsal', 'CONNECTED'], 1, ['rehearsal', 'ana']]);
  await bob.sdk.notification.unsubscribe(wanted);
  await bob.sdk.notification.decline(rehearsal);
  await ana.native.event('EVENT_CONFERENCE_PARTICIPANT_UPDATED', (body) => body.participant.status === 'DECLINE');
});

test('streams, and what is not let in', async (t) => {
  const { ana, bob, rehearsal } = await meeting(t);
  const seen = [];
  bob.sdk.conference.onStreamsChange(({ participant, stream }, type) => {
    seen.push([type, participant.info.name, stream.type, stream.audioTracks.length, stream.videoTracks.length]);
  });
  await ana.sdk.conference.join(rehearsal, {});
  await bob.sdk.conference.join(rehearsal, { constraints: { audio: false, video: false } });
  await ana.sdk.video.getLocal().start();
  await ana.sdk.conference.startScreenShare();
  const her = await ana.sdk.session.getParticipant();
  await bob.sdk.audio.getRemote().stop(her);
  await ana.sdk.conference.stopScreenShare();
  await bob.native.settled();
  const of = (type, ...rest) => [`EVENT_CONFERENCE_STREAM_${type}`, 'ana', ...rest];
  assert.deepEqual(seen, [
    of('ADDED', 'CAMERA', 1, 0),
    of('UPDATED', 'CAMERA', 1, 1),
    of('ADDED', 'SCREEN_SHARE', 0, 1),
    of('UPDATED', 'CAMERA', 0, 1),
    of('REMOVED', 'SCREEN_SHARE', 0, 1),
  ]);
  await ana.sdk.conference.mute(her, true);
  assert.equal(await ana.sdk.conference.isMuted(), true);
  await ana.sdk.conference.videoForwarding({ strategy: 'LAST_SPEAKER', max: 2, participants: [] });
  assert.equal(await ana.sdk.conference.getMaxVideoForwarding(), 2);
});

test('a video and a file are presented', async (t) => {
  const { ana, bob, rehearsal } = await meeting(t);
  await ana.sdk.conference.join(rehearsal, {});
  await bob.sdk.conference.join(rehearsal, {});
  const seen = [];
  bob.sdk.videoPresentation.onVideoPresentationChange(({ timestamp, owner }) => seen.push([timestamp, owner.info.name]));
  bob.sdk.videoPresentation.onVideoPresentationStopped(() => seen.push('stopped'));
  bob.sdk.filePresentation.onFilePresentationChange(({ filePresentation }) => seen.push(filePresentation.position));
  await ana.sdk.videoPresentation.start('https://files.example/concert.mp4');
  await ana.sdk.videoPresentation.pause(1200);
  assert.equal((await bob.sdk.videoPresentation.current()).timestamp, 1200);
  assert.equal(await bob.sdk.videoPresentation.state(), 'paused');
  await ana.sdk.videoPresentation.stop();
  const file = await ana.sdk.filePresentation.convert({ url: 'file:///score.pdf', imageCount: 3 });
  assert.deepEqual([file.name, file.imageCount], ['score.pdf', 3]);
  await ana.sdk.filePresentation.start(file);
  await ana.sdk.filePresentation.setPage(2);
  assert.equal((await bob.sdk.filePresentation.getCurrent()).id, file.id);
  await ana.sdk.conference.leave();
  await bob.native.settled();
  assert.deepEqual(seen, [[0, 'ana'], [1200, 'ana'], 'stopped', 0, 2, 2]);
  await assert.rejects(ana.sdk.videoPresentation.start('https://files.example/concert.mp4'), (error) => error.problem.code === 'not-in-conference');
});

test('a member is permitted, recorded, offline, back, kicked, and comes again', async (t) => {
  const { platform, ana, bob, rehearsal } = await meeting(t);
  await ana.sdk.conference.join(rehearsal, {});
  await bob.sdk.conference.join(await bob.sdk.conference.fetch(rehearsal.id), {});
  const { participant } = await ana.native.event('EVENT_CONFERENCE_PARTICIPANT_UPDATED', (body) => body.participant.status === 'CONNECTED');
  await bob.native.settled();
  const heard = [];
  bob.sdk.conference.onStatusChange(({ status }) => heard.push(status));
  bob.sdk.conference.onPermissionsChange(({ permissions }) => heard.push(permissions));
  bob.sdk.recording.onRecordingStatusUpdated(({ recordingStatus }) => heard.push(recordingStatus));
  bob.sdk.command.onMessageReceived(({ message }) => heard.push(message));
  await ana.sdk.conference.updatePermissions([{ participant, permissions: ['JOIN', 'SEND_AUDIO'] }]);
  await ana.sdk.recording.start();
  await bob.native.settled();
  await platform.fail({ kind: 'refuse', externalId: 'bob', times: null });
  await ana.sdk.command.send('are you there');
  await ana.sdk.recording.stop();
  await assert.rejects(bob.sdk.command.send('no'), { code: 'error', message: /broke before the answer was there/ });
  assert.equal(await bob.sdk.session.isOpen(), true); // as far as the phone knows
  await bob.native.settled();
  await platform.advance(1800); // her token is refreshed, and his when he is back
  await ana.native.refreshed();
  await platform.heal();
  await bob.native.refreshed();
  await bob.native.settled();
  await ana.sdk.conference.kick(participant);
  await bob.native.settled();
  assert.deepEqual(heard, [['JOIN', 'SEND_AUDIO'], 'RECORDING', 'are you there', 'NOT_RECORDING', 'LEFT']);
  assert.equal(await bob.sdk.conference.current(), null);
  await bob.sdk.conference.join(rehearsal, {});
  const ofBob = ({ name, body }) => name === 'EVENT_CONFERENCE_PARTICIPANT_UPDATED' && body.participant.info.name === 'bob';
  await ana.native.settled();
  assert.deepEqual(ana.native.events.filter(ofBob).map(({ body }) => body.participant.status), ['CONNECTED', 'KICKED', 'CONNECTED']);
});

test('devices and the audio preview need no session', async (t) => {
  const platform = await world();
  t.after(() => platform.drop());
  const { sdk, native } = platform.client();
  await sdk.initializeToken(await platform.token('ana'), () => platform.token('ana'));
  assert.equal(await sdk.mediaDevice.isFrontCamera(), true);
  await sdk.mediaDevice.switchCamera();
  assert.equal(await sdk.mediaDevice.isFrontCamera(), false);
  await sdk.audio.getLocal().setComfortNoiseLevel('low');
  assert.equal(await sdk.mediaDevice.getComfortNoiseLevel(), 'low');
  assert.deepEqual(await sdk.audio.getLocal().getCaptureMode(), { mode: 'STANDARD', noiseReduction: 'HIGH', voiceFont: 'NONE' });
  await sdk.session.open({ name: 'ana' });
  const preview = sdk.audio.getLocal().preview();
  await preview.record(3);
  assert.equal((await native.event('EVENT_AUDIO_PREVIEW_STATUS_CHANGED')).status, 'Recording');
  assert.equal(await preview.stop(), true);
  assert.equal(await preview.status(), 'RecordingAvailable');
  await sdk.session.close();
});
