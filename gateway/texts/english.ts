const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

/** A length of time in words: `2 hours 5 minutes`; below a minute `less than a minute`. */
function span(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return 'less than a minute'
  const hours = Math.floor(minutes / 60)
  if (hours === 0) return plural(minutes, 'minute', 'minutes')
  if (hours >= 48) return plural(Math.floor(hours / 24), 'day', 'days')
  const rest = minutes % 60
  return rest === 0 ? plural(hours, 'hour', 'hours') : `${plural(hours, 'hour', 'hours')} ${rest} min`
}

const SIZES = ['B', 'KB', 'MB', 'GB', 'TB', 'PB']

/** An amount of files in words: `12 GB`, `1.4 TB`; a GB has 2^30 bytes, as the limit in `cluster.yaml` has them. */
function size(bytes: number): string {
  const power = Math.min(SIZES.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  const amount = bytes / 1024 ** power
  return `${amount < 10 && power > 0 && !Number.isInteger(amount) ? amount.toFixed(1) : Math.round(amount)} ${SIZES[power]}`
}

/** What went wrong for somebody, and what they can do. */
const problem = (title: string, text: string, todo: string) => ({ title, text, todo })

/** English, the first table. Short sentences; nobody hears of clusters, pods or containers. */
export const ENGLISH = {
  language: 'en',
  product: 'Deskfleet',
  span,
  size,
  nav: {
    label: 'Main',
    desktop: 'My desktop',
    password: 'Password',
    services: 'Services',
    helping: 'Help somebody',
    administration: 'Administration',
    logout: 'Log out',
    skip: 'Skip to the content',
  },
  login: {
    title: 'Log in',
    lead: 'Your desktop and your files are ready when you are.',
    login: 'Login',
    password: 'Password',
    submit: 'Log in',
    refused: 'This login and password do not belong together. Check both and try again.',
    blank: 'Type your login and your password.',
    locked: 'Your account is locked. Your files are kept. Ask your administrator.',
    throttled: (ms: number) =>
      `There were too many tries. Wait ${span(Math.max(ms, 60_000))}, then try again, or use a browser that you logged in with before. If you forgot your password, ask your administrator for a new one.`,
    loggedOut: 'You are logged out. Your desktop keeps running until it has been idle for a while.',
    ended: 'Your session has ended. Log in again to return to your desktop.',
    passwordChanged: 'Your password is changed. Log in with the new one.',
    help: 'Trouble logging in? Ask the person who looks after this room.',
  },
  choose: {
    title: 'Your desktop is off',
    never: 'Choose what you want to work with. Your files are the same in all of them.',
    whichever: 'Your files are where you left them. Start it whenever you like.',
    legend: 'Which desktop?',
    screen: (size: string) => `Screen ${size.replace('x', ' × ')}`,
    memory: (limit: string) => `up to ${limit.replace(/Gi$/, ' GB').replace(/Mi$/, ' MB')} of memory`,
    submit: 'Start my desktop',
    why: {
      Idle: 'It was stopped because nobody used it for a while.',
      Person: 'You stopped it.',
      Administrator: 'An administrator stopped it. Ask them if you do not know why.',
      Locked: 'It was stopped because the account was locked.',
      Removed: 'It was stopped because the account was removed.',
      PasswordSet: 'It was stopped because a new password was set for the account.',
      MadeRoom: 'It was idle, and it was stopped to make room for somebody who waited.',
    } as Readonly<Record<string, string>>,
    ago: (ms: number) => `${span(ms)} ago`,
  },
  progress: {
    title: 'Your desktop is coming',
    again: 'Your desktop moves to another PC',
    againText: 'Your files are safe. Programs that were open start fresh. This page goes on by itself.',
    text: 'This takes a few seconds. The page goes on by itself.',
    steps: {
      asked: 'Asked for',
      found: (pc?: string) => (pc ? `Found a PC: ${pc}` : 'Finding a PC'),
      home: 'Bringing your files',
      image: 'Loading programs',
      start: 'Starting',
    },
    imageText: 'This PC loads the programs for the first time. That can take some minutes, once.',
    slow: 'This takes longer than usual. You may wait, or come back later: nothing is lost.',
    fault: {
      place:
        'No PC takes your desktop at the moment. It starts as soon as one does; tell your administrator if this stays.',
      image:
        'The programs cannot be loaded at the moment. It is tried again and again; tell your administrator if this stays.',
      home: 'Your files cannot be reached from this PC at the moment. It is tried again; tell your administrator if this stays.',
      held: 'Your files are still held by the PC that your desktop was on. It goes on as soon as that PC lets go of them; tell your administrator if this stays.',
      crash:
        'Your desktop stopped while it started. It is tried again; tell your administrator if this stays.',
      full: 'There is no room left where everybody’s files are kept, and your desktop cannot start without any. Delete what you do not need under Files, and tell your administrator. It starts by itself when there is room.',
      quota:
        'Your share of the room for files is used up, and your desktop cannot start without any. Delete what you do not need under Files. It starts by itself when there is room.',
      lock: 'The folder .deskfleet in your home cannot be used: it is not yours, or something else stands in its place. Your administrator can give it back to you, or remove it; nothing of yours is in it. Your desktop then starts by itself.',
      session:
        'Your desktop starts and ends again, over and over. It is tried again, with longer breaks. Your files can be had under Files; tell your administrator if this stays.',
      refused:
        'The room does not take your desktop at the moment. Your administrator can see why; tell them if this stays.',
    },
    noscript: 'This page looks again every few seconds.',
    cancel: 'Never mind',
  },
  waiting: {
    title: {
      turn: 'Your turn comes in a moment',
      full: 'The room is full',
      ending: 'Your last desktop is still closing',
    },
    text: {
      turn: 'Many desktops are starting right now. Yours starts by itself.',
      full: 'Every PC is busy. Your place in the line is kept, also if you close this page. Desktops that nobody uses make room first.',
      ending: 'It is putting your things away. The new one starts right after.',
    },
    place: (place: number, of: number) => (of > 1 ? `You are number ${place} of ${of}.` : 'You are next.'),
    cancel: 'Give up my place',
  },
  desktop: {
    title: 'Desktop',
    toolbar: 'Desktop controls',
    screen: 'Screen of your desktop. Press Control, Alt, Shift and B together to reach the controls.',
    pc: (pc: string) => `on ${pc}`,
    fullScreen: 'Full screen',
    leaveFullScreen: 'Leave full screen',
    clipboard: 'Clipboard',
    keys: 'Ctrl-Alt-Del',
    size: 'Size',
    sizes: { fit: 'Fit the window', scale: 'Scale the picture', plain: 'Actual size' },
    files: 'Files',
    disconnect: 'Disconnect',
    restart: 'Restart',
    hide: 'Hide the bar',
    show: 'Show the bar',
    logout: 'Log out',
    more: 'More',
    clipboardTitle: 'Clipboard',
    clipboardText: 'What you copy on your desktop appears here. Text that you put here can be pasted there.',
    clipboardLabel: 'Shared text',
    clipboardSend: 'Give to desktop',
    clipboardCopy: 'Copy',
    clipboardLong: 'This text is too long: the clipboard takes {most} at most. Send it as a file instead.',
    clipboardLost:
      'What you copied on the desktop did not come here. If it is long, save it in a file, and fetch that under Files.',
    moves:
      'Your desktop is about to move to another PC. Your files stay, and programs start anew: save your work now.',
    understood: 'OK',
    close: 'Close',
    restartTitle: 'Restart your desktop?',
    restartText: 'All programs on it are closed. Save your work first; what is saved stays.',
    restartYes: 'Restart now',
    stopYes: 'Switch off',
    back: 'Back',
    connecting: 'Connecting…',
    reconnecting: 'The connection was lost. Connecting again…',
    takenTitle: 'Your desktop is open somewhere else',
    takenText: 'It can be shown in one place at a time. Everything on it goes on.',
    againTitle: 'Your desktop is on again',
    againText: 'It was switched on somewhere else, and can be shown in one place at a time.',
    takeBack: 'Show it here',
    awayTitle: 'Disconnected',
    awayText: 'Your desktop goes on without you. It is stopped when it has been idle for a while.',
    connect: 'Connect',
    endedTitle: 'You are logged out',
    endedText: 'Log in again to return to your desktop.',
    login: 'Log in',
    offTitle: 'Your desktop is off',
    choose: 'Go on',
    noscript:
      'The screen of your desktop needs JavaScript. Switch it on for this page in your browser, then load the page again.',
    idle: 'Nobody has used this desktop for a while. It stops in {time}.',
    idleSoon: 'a moment',
    idleMinutes: '{minutes} min',
    keep: 'Keep it',
    notice: {
      full: 'There is no room left where everybody’s files are kept: what you save now is lost. Delete what you do not need, here on your desktop or under Files, and tell your administrator.',
      quota:
        'Your share of the room for files is used up: what you save now is lost. Delete what you do not need, here on your desktop or under Files, and empty the trash.',
      foreign: (place: string) =>
        `The folder ${place} in your home is not yours to write to. Settings that programs keep there are lost when this desktop stops. Your administrator can give it back to you.`,
      blocked: (place: string) =>
        `In your home something that is no folder stands at ${place}. Settings that programs keep there are lost when this desktop stops. Move it away, then restart your desktop.`,
      unmade: (place: string) =>
        `When your desktop started there was no room in your home for what belongs into the folder ${place}. Settings that programs keep there are lost when this desktop stops. Make room, then restart your desktop.`,
      bare: 'Your desktop ended again and again with the settings in your home, so it runs without them this time, and keeps none. Your files are all there. Your administrator can help to find out which setting it was; restart your desktop to try them again.',
    },
    filesTitle: 'Files in your home folder',
    filesUp: 'Up',
    filesEmpty: 'This folder is empty.',
    filesFailed: 'The files cannot be shown at the moment. Try again in a moment.',
    filesChoose: 'Send files to this folder',
    filesSending: 'Sending {name}… {percent} %',
    filesSent: '{name} is there.',
    filesThere: '{name} is there already. Rename it first; nothing is ever overwritten.',
    filesLong: '{name} is too large to be sent here.',
    filesBroken: '{name} could not be sent. Try again.',
    filesNews: 'What became of what you sent',
    filesFolder: '{name} is a folder, and only files can be sent. Pack it into one file, such as a ZIP.',
    filesNone: 'What you dropped holds no file.',
    filesBadName: '{name} cannot be the name of a file there. Rename it first.',
    filesNotHere: '{name} cannot be put into this folder: your desktop may not write there.',
    filesDelete: 'Delete',
    filesDeleteYes: 'Delete for good',
    filesDeleted: '{name} is deleted.',
    filesKept: '{name} could not be deleted. Try again in a moment.',
    filesNotEmpty: '{name} is not empty. Delete what is in it first; some of it may not be shown here.',
    filesNotYours: '{name} cannot be deleted: your desktop may not write there.',
    filesFull: '{name} has no room there. Delete something first.',
    filesMore:
      'There is more in this folder than is shown here. The file manager of your desktop shows all of it.',
    filesOdd: 'holds signs that cannot be shown',
    filesHome: 'Home',
  },
  password: {
    title: 'Change your password',
    before: 'Your present password',
    after: 'The new password',
    again: 'The new password, once more',
    hint: 'At least 10 characters. A few words in a row are easy to keep in mind and hard to guess.',
    submit: 'Change it',
    differ: 'The two new passwords are not the same. Type them again.',
    same: 'The new password is the old one. Choose another.',
    wrong: 'That is not your present password.',
    blank: 'Fill in all three lines.',
    unfit: (reason: string) => `The new password was not taken: ${reason}. Choose another.`,
    text: 'Everywhere else you will be logged out.',
    firstTitle: 'Choose your own password',
    firstText: 'The password that you were given works once, to choose another. Then you log in with that.',
    given: 'The password that you were given',
    firstSubmit: 'Use my own from now on',
    wrongGiven: 'That is not the password that you were given. Type it with its hyphens.',
  },
  helping: {
    title: 'Help somebody log in',
    lead: 'You get a one-time password to tell somebody who forgot theirs. When they log in with it, they choose their own.',
    login: 'Their login',
    loginHint: 'They are logged out everywhere, and their old password works no more.',
    password: 'Your own password',
    passwordHint: 'So that nobody does this at a desk that you left.',
    submit: 'Make a one-time password',
    blank: 'Type both: their login, and your own password.',
    wrong: 'That is not your own password.',
    self: 'This is your own login. Change your password under Password.',
    nobody: (login: string) => `Nobody here has the login “${login}”. Ask them how it is written.`,
    locked: 'This account is locked. Only an administrator can open it.',
    notAllowed:
      'You may not give this person a password: they look after the room or help others, or their account is locked. Ask an administrator.',
    givenTitle: 'Tell them this password',
    givenTo: (who: string) => `For ${who}:`,
    givenText: 'It is shown only now. When they log in with it, they choose their own.',
    givenCare:
      'Be sure that you tell it to nobody else: until it is used, whoever has it can log in as them.',
    another: 'Help somebody else',
  },
  administration: {
    title: 'Administration',
    refresh: 'Look again',
    desktops: 'Desktops',
    summary: (on: number, waiting: number, atMost: number) =>
      `${plural(on, 'desktop is', 'desktops are')} on, of ${atMost} at most. ${waiting === 0 ? 'Nobody waits.' : `${plural(waiting, 'person waits', 'people wait')}.`}`,
    nobody: 'No desktop is on, and nobody waits.',
    columns: {
      person: 'Person',
      state: 'State',
      pc: 'PC',
      since: 'Since',
      input: 'Last input',
      stops: 'Next stop',
      template: 'Kind',
    },
    states: {
      ready: 'On',
      coming: 'Starting',
      waiting: 'Waiting',
      off: 'Off',
      fault: 'In trouble',
    },
    ago: (ms: number) => `${span(ms)} ago`,
    stopsIn: (ms: number) => (ms <= 0 ? 'now, as it is idle' : `in ${span(ms)}, if idle`),
    pcs: 'PCs',
    noPcs: 'No PC is known.',
    pcColumns: {
      pc: 'PC',
      state: 'State',
      desktops: 'Desktops',
      memory: 'Memory kept for desktops',
      cpu: 'Processor kept for desktops',
    },
    pcStates: { ready: 'Ready', away: 'Not answering', closed: 'Takes no new desktops' },
    storage: {
      title: 'Storage',
      silent: 'How the storage of homes stands could not be read.',
      standsStill: 'Homes cannot be used at the moment.',
      copies: (have: number, wanted: number) =>
        have === wanted
          ? `Each file is kept on ${have} PCs.`
          : have === 1
            ? `Each file is on one PC alone, and shall be on ${wanted}: if its disk fails, files are lost.`
            : `Each file is kept on ${have} PCs, and shall be on ${wanted}.`,
      room: (free: string, whole: string) => `${free} of ${whole} are free.`,
      tight: (free: string, whole: string) =>
        `Only ${free} of ${whole} are left. When they are used up, nobody can save anything. Ask those who take up most to delete what they do not need, empty the trash of removed people, or give storage more room.`,
      full: 'There is no room left: nobody can save anything. Desktops go on, and others still start. Ask those who take up most to delete what they do not need, empty the trash of removed people, or give storage more room.',
      lost: (set: number, files: number, homes: number, ago: string) =>
        `On set ${set} were ${plural(files, 'file', 'files')} of ${plural(homes, 'person', 'people')}, as listed ${ago}. Their names, for those who are to be told: npx deskfleet storage lost ${set}`,
      lostUnlisted: (set: number) =>
        `Which files were on set ${set} is not known: no list of them was made yet.`,
      over: (people: number, limit: string, names: string) =>
        `${plural(people, 'person has', 'people have')} more than the ${limit} of storage.limit: ${names}. They are told so, and nothing stops them: ask them to delete what they do not need, or raise the limit.`,
      most: 'Who takes up most',
      measured: (people: number, homes: string, shared: string, trash: string, ago: string) =>
        `${plural(people, 'home takes', 'homes take')} ${homes}, the shared folder ${shared}, homes of removed people ${trash}; measured ${ago}.`,
      gone: 'Somebody who is gone',
      all: 'All of them: npx deskfleet storage usage',
      disks: 'Disks',
      usageColumns: { person: 'Person', bytes: 'Takes', files: 'Files' },
      safeToPull: (pcs: string) => `May be taken away: ${pcs}. What was there is elsewhere now.`,
      columns: { pc: 'PC', set: 'Set', state: 'Its disk', pending: 'Files behind' },
      states: {
        here: 'Has everything',
        behind: 'Is brought up to date',
        missing: 'Missing',
        unknown: 'Not known',
        spare: 'Spare',
      },
    },
    masters: {
      title: 'Masters',
      unread: 'How the masters stand could not be read.',
      well: (well: number, wanted: number) =>
        well === wanted
          ? `${plural(well, 'PC looks', 'PCs look')} after the room as its masters.`
          : `${well} of ${wanted} masters are well.`,
      copy: (ago: string) => `The newest copy of etcd was proven ${ago}.`,
      looked: (ago: string) => `Looked at ${ago}.`,
      columns: { pc: 'PC', state: 'State', since: 'Since', certificates: 'Certificates last' },
      states: { well: 'Well', coming: 'Becomes one', leaving: 'Leaves', sick: 'Not well' },
      sicknesses: {
        MachineDead: 'Off, or away from the network',
        KubeletDead: 'Its kubelet is silent',
        EtcdSick: 'Its etcd does not answer, or holds something else',
        ApiSick: 'Its API server does not answer',
        Unclear: 'Its API server answers, and nothing else',
      },
      kinds: {
        Replace: 'Another PC takes the place of a master',
        ScaleUp: 'One more PC becomes a master',
        ScaleDown: 'One master becomes a plain PC again',
        StepDown: 'Another PC takes the place of a master, as it was asked',
        Neutralise: 'A former master is made a plain PC',
        Tidy: 'What was left behind is tidied away',
      },
      goes: (kind: string, phase: string, span: string) => `${kind}: ${phase}, for ${span}.`,
      from: (pcs: string) => `It leaves: ${pcs}.`,
      heir: (why: string) => `It comes, as the best that there is: ${why}.`,
      waits: (why: string) => `It waits: ${why}.`,
      undone: (why: string) => `It is undone: ${why}.`,
      notBegun: (why: string) => `Nothing is begun: ${why}.`,
      wouldDo: (what: string) => `It would be done: ${what}.`,
      paused: (why: string) => `Paused: ${why}. To begin again: npx deskfleet masters unpause`,
      blind: (ago: string) =>
        `Nobody looks at the masters: the last look was ${ago}, and all else here is as old. See: npx deskfleet masters status`,
      certificate: (pc: string, left: string) =>
        `The certificates of ${pc} end in ${left}, and were not renewed. See on that PC: journalctl -u deskfleet-renew`,
      never: 'Nobody has looked at the masters yet. See: npx deskfleet masters status',
      halted: (why: string) => `Halted: ${why}. To go on: npx deskfleet masters resume`,
      storm: (why: string) =>
        `Too much is wrong at once, so nothing is begun: ${why}. Look at the network and the power.`,
      noCopy:
        'No copy of etcd was proven yet: unless masters.backup is Preferred, no other PC is made a master.',
      oldCopy: (ago: string) =>
        `The newest copy of etcd that was proven is from ${ago}: unless masters.backup is Preferred, no other PC is made a master.`,
      more: 'More of it, and what can be done: npx deskfleet masters status',
    },
    of: (part: string, whole: string) => `${part} of ${whole}`,
    load: (percent: number) => `${percent} %`,
    personTitle: (login: string) => `Desktop of ${login}`,
    back: 'All desktops',
    facts: {
      state: 'State',
      pc: 'PC',
      since: 'Started',
      input: 'Last input',
      stops: 'Next stop',
      why: 'Why it was stopped',
      template: 'Kind',
      trouble: 'What is wrong',
      locked: 'Locked since',
    },
    stop: 'Stop the desktop',
    stopText: 'Programs on it are closed. Files stay. The person may start it again.',
    stopBoth: 'Stop it and log the person out',
    message: 'Send a message',
    messageLabel: 'Message to show on the desktop',
    messageSubmit: 'Send',
    logout: 'Log the person out',
    logoutText: 'Everywhere at once. Their desktop goes on until it is idle.',
    stopped: 'The desktop is being stopped.',
    sent: 'The message is on the desktop.',
    notSent: 'The message could not be shown: the desktop does not answer.',
    loggedOut: 'The person is logged out everywhere.',
    lock: 'Lock the account',
    lockText:
      'At once: they are logged out everywhere, their desktop stops, and nothing starts as them, whether the list of people answers or not. Files stay. To open the account again: npx deskfleet people unlock.',
    locked: 'The account is locked.',
    notLocked: 'The account could not be locked. The log of the gateway says why.',
    lockedSince: (time: string, reason: string) => `${time}${reason && ` (${reason})`}`,
    listGone:
      'The list of locked accounts is gone: no desktop starts. Run the Job make-secrets again (docs/secrets.md), then lock again whoever must be.',
    ageing: (since: number, left: number) =>
      `The list of people was last read ${span(since)} ago: who was locked or removed since is not known. In ${span(left)} no desktop starts any more. See whether LDAP answers, and the log of the identity sync.`,
    stale: (since: number) =>
      `The list of people was last read ${span(since)} ago, so no desktop starts any more; those that run go on. See whether LDAP answers, and the log of the identity sync.`,
    noDesktop: 'This person has no desktop now.',
  },
  services: {
    title: 'Services',
    lead: 'They open in this window; your desktop goes on.',
    none: 'There are none for you in this room.',
    stale: {
      title: 'That took too long',
      text: 'The way to this page is good for a minute, and in the browser in which it began.',
    },
    again: 'Try again',
    refused: {
      title: 'This service is not for you',
      text: 'It is for other groups of people. Ask your administrator if you need it.',
    },
    back: 'To the services that are',
  },
  problems: {
    wayOut: 'Go to my desktop',
    notFound: problem(
      'There is nothing here',
      'This address leads nowhere.',
      'Check it, or go back to your desktop.',
    ),
    forbidden: problem(
      'Not for you',
      'This page is for those who look after this room or help in it.',
      'Go back to your desktop.',
    ),
    foreign: problem(
      'This came from somewhere else',
      'A form was sent that this site did not show you, or that had become too old. Nothing was done.',
      'Go back, load the page again, and try once more.',
    ),
    host: problem(
      'Not known by this name',
      'This site answers to another name.',
      'Ask your administrator for its address.',
    ),
    directory: problem(
      'Nobody can log in right now',
      'The list of people does not answer. Desktops that run go on running.',
      'Try again in a minute. Tell your administrator if this stays.',
    ),
    busy: problem(
      'Many people are logging in',
      'There are more at once than can be served.',
      'Wait a few seconds and try again.',
    ),
    unknown: problem(
      'You are not known in this room yet',
      'Your login and password are right, but the room has no place for you yet. New people are known after a few seconds.',
      'This page goes on by itself. If it stays for some minutes, ask your administrator.',
    ),
    noHome: problem(
      'Your home folder is not ready yet',
      'It is being made. Without it a desktop would have nowhere to put your files.',
      'This page goes on by itself. If it stays for some minutes, ask your administrator.',
    ),
    homeMoves: problem(
      'Your files are being brought to other disks',
      'That is done while your desktop is off, and nothing of yours is lost. It takes a minute or so; if it would take longer, you get your desktop first, and the rest is done another time.',
      'This page goes on by itself.',
    ),
    noTemplate: problem(
      'There is no desktop for you',
      'None of the desktops of this room is meant for your groups.',
      'Ask your administrator to put you into a group that has one.',
    ),
    unfit: problem(
      'Your desktop cannot be made',
      'Something in your entry in the list of people does not fit.',
      'Ask your administrator; the log of the gateway says what it is.',
    ),
    apiUnavailable: problem(
      'The room does not answer',
      'Your desktop may well be running, but it cannot be seen from here at the moment.',
      'Try again in a minute. Tell your administrator if this stays.',
    ),
    bad: problem(
      'That could not be understood',
      'Something was missing or too long in what was sent.',
      'Go back and try again.',
    ),
    failed: problem(
      'Something went wrong here',
      'It is not your fault, and nothing of yours is lost.',
      'Try again. Tell your administrator if this stays.',
    ),
    browser: problem('One moment', 'You come from another site, or go to one.', 'Go on'),
  },
  overLimit: (used: number, limit: number) =>
    `Your files take ${size(used)}; ${size(limit)} are yours. Delete what you do not need, on your desktop or under Files, and empty the trash. If you need more, ask your administrator.`,
  moving: (ms: number) =>
    `Your desktop moves to another PC in ${span(ms)}. Your files stay, and programs start anew: save your work now.`,
  warning: (minutes: number) =>
    `This desktop is idle. It stops in ${plural(minutes, 'minute', 'minutes')} if nobody uses it. Press a key or move the mouse to keep it.`,
}
