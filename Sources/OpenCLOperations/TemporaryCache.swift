// TEMPORARY until the runtime has it
package struct ProgramCache: Sendable {}
