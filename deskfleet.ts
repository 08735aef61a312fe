#!/usr/bin/env node
/**
 * `deskfleet.ts`: The administrator's command line, `npx deskfleet`: puts together the commands of the other
 * folders.
 */

import { addCertificateCommands } from './certificates/command/certificates.ts'
import { runCommandLine } from './cli/run.ts'
import { addCopyCommands } from './directory/command/copies.ts'
import { addGroupCommands } from './directory/command/groups.ts'
import { addPeopleCommands } from './directory/command/people.ts'
import { addPcCommands } from './installer/command/lost.ts'
import { addNodeConfigCommand } from './installer/command/node-config.ts'
import { addBackupCommands } from './orchestrator/command/backup.ts'
import { addMasterCommands } from './orchestrator/command/masters.ts'
import { addRescueCommand } from './orchestrator/command/rescue.ts'
import { addHomeCommands } from './storage/command/homes.ts'
import { addVolumeCommands } from './storage/command/volume.ts'

/** The administrator's command line: each command lives with its subject, what they share in `cli/`. */
const commandLine = {
  name: 'deskfleet',
  about: "Look after the room's people, their directory, their homes, its certificates, and its masters.",
  examples: ['deskfleet people add ada --name "Ada Lovelace"', 'deskfleet people list'],
  commands: [
    addPeopleCommands,
    addGroupCommands,
    addCopyCommands,
    addHomeCommands,
    addVolumeCommands,
    addCertificateCommands,
    addMasterCommands,
    addBackupCommands,
    addRescueCommand,
    addNodeConfigCommand,
    addPcCommands,
  ],
}

process.exitCode = await runCommandLine(commandLine, process.argv.slice(2), process)
