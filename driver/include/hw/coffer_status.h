/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR BSD-3-Clause */
/*
 * Contract 2, part three: the card's verdicts. Numbers and names are those of PKCS#11 and of
 * behaviour.md section 10; 0x80000f00 and up are the project's own.
 */
#ifndef _COFFER_STATUS_H
#define _COFFER_STATUS_H

/*
 * X(NAME, value, what the caller should do)
 */
#define COFFER_V(n) (0x80000000u + (n))
#define COFFER_STATUS_CODES(X) \
	X(OK, 0x00000000, "nothing") \
	X(CANCEL, 0x00000001, "the command was cancelled; send it again if wanted") \
	X(HOST_MEMORY, 0x00000002, "free memory on the host") \
	X(SLOT_ID_INVALID, 0x00000003, "look at slot list") \
	X(GENERAL_ERROR, 0x00000005, "look at the card's log; the card may need a reset") \
	X(FUNCTION_FAILED, 0x00000006, "nothing was changed; try again") \
	X(ARGUMENTS_BAD, 0x00000007, "the request is malformed; update library and firmware") \
	X(ATTRIBUTE_READ_ONLY, 0x00000010, "this attribute cannot be set by a caller") \
	X(ATTRIBUTE_SENSITIVE, 0x00000011, "this value never leaves the card") \
	X(ATTRIBUTE_TYPE_INVALID, 0x00000012, "the object has no such attribute") \
	X(ATTRIBUTE_VALUE_INVALID, 0x00000013, "correct the attribute's value") \
	X(DATA_INVALID, 0x00000020, "correct the data") \
	X(DATA_LEN_RANGE, 0x00000021, "data of another length, or partitions of other kinds") \
	X(DEVICE_ERROR, 0x00000030, "the card could not do it; look at its log") \
	X(DEVICE_MEMORY, 0x00000031, "close sessions or wait") \
	X(DEVICE_REMOVED, 0x00000032, "the card is gone") \
	X(ENCRYPTED_DATA_INVALID, 0x00000040, "the ciphertext is not genuine") \
	X(ENCRYPTED_DATA_LEN_RANGE, 0x00000041, "ciphertext of another length") \
	X(FUNCTION_NOT_SUPPORTED, 0x00000054, "this firmware has no such command") \
	X(KEY_HANDLE_INVALID, 0x00000060, "look the key up again") \
	X(KEY_SIZE_RANGE, 0x00000062, "use a key size that partition showmechanism lists") \
	X(KEY_TYPE_INCONSISTENT, 0x00000063, "use a key of the mechanism's type") \
	X(KEY_FUNCTION_NOT_PERMITTED, 0x00000068, "the key's attributes forbid this use") \
	X(KEY_UNEXTRACTABLE, 0x0000006a, "the key may not leave the card") \
	X(MECHANISM_INVALID, 0x00000070, "use a mechanism that the partition lists") \
	X(MECHANISM_PARAM_INVALID, 0x00000071, "correct the mechanism's parameter") \
	X(OBJECT_HANDLE_INVALID, 0x00000082, "look the object up again") \
	X(OPERATION_ACTIVE, 0x00000090, "finish the running operation first") \
	X(OPERATION_NOT_INITIALIZED, 0x00000091, "begin the operation first") \
	X(PIN_INCORRECT, 0x000000a0, "give the right password; attempts are counted") \
	X(PIN_INVALID, 0x000000a1, "choose a password of allowed characters") \
	X(PIN_LEN_RANGE, 0x000000a2, "choose a password of allowed length") \
	X(PIN_EXPIRED, 0x000000a3, "change the initial password first") \
	X(PIN_LOCKED, 0x000000a4, "too many failed logins: have the role reset") \
	X(SESSION_COUNT, 0x000000b1, "close sessions") \
	X(SESSION_HANDLE_INVALID, 0x000000b3, "open a session again: the card was reset") \
	X(SESSION_READ_ONLY, 0x000000b5, "open a read/write session") \
	X(SIGNATURE_INVALID, 0x000000c0, "data or signature is not genuine") \
	X(SIGNATURE_LEN_RANGE, 0x000000c1, "signature of another length") \
	X(TEMPLATE_INCOMPLETE, 0x000000d0, "give the missing attributes") \
	X(TEMPLATE_INCONSISTENT, 0x000000d1, "attributes contradict each other or the policies") \
	X(TOKEN_NOT_PRESENT, 0x000000e0, "no such partition") \
	X(TOKEN_WRITE_PROTECTED, 0x000000e2, "the partition takes no changes") \
	X(USER_ALREADY_LOGGED_IN, 0x00000100, "nothing, the role is logged in") \
	X(USER_NOT_LOGGED_IN, 0x00000101, "log in with a role that may do this") \
	X(USER_PIN_NOT_INITIALIZED, 0x00000102, "initialise the role first") \
	X(USER_TYPE_INVALID, 0x00000103, "this partition has no such role") \
	X(USER_ANOTHER_ALREADY_LOGGED_IN, 0x00000104, "log the other role out first") \
	X(RANDOM_NO_RNG, 0x00000121, "the random generator failed: reset or retire the card") \
	X(BUFFER_TOO_SMALL, 0x00000150, "give more room for the reply") \
	X(CRYPTOKI_NOT_INITIALIZED, 0x00000190, "call C_Initialize, or initialise the partition") \
	X(CONTAINER_HANDLE_INVALID, COFFER_V(0x05), "no such partition") \
	X(TOO_MANY_CONTAINERS, COFFER_V(0x06), "delete a partition first") \
	X(USER_LOCKED_OUT, COFFER_V(0x07), "too many failed logins: the role is locked") \
	X(CLONING_PARAMETER_ALREADY_EXISTS, COFFER_V(0x08), "the partition has a domain already") \
	X(CLONING_PARAMETER_MISSING, COFFER_V(0x09), "the partition has no cloning domain") \
	X(CERTIFICATE_DATA_MISSING, COFFER_V(0x0a), "the peer sent no certificate") \
	X(CERTIFICATE_DATA_INVALID, COFFER_V(0x0b), "domains differ, or a peer is not genuine") \
	X(WRAPPING_ERROR, COFFER_V(0x0d), "the object could not be sealed") \
	X(UNWRAPPING_ERROR, COFFER_V(0x0e), "the object could not be opened") \
	X(MAC_MISSING, COFFER_V(0x0f), "the message is cut short") \
	X(BAD_MAC, COFFER_V(0x14), "the message was changed on its way") \
	X(USER_NOT_AUTHORIZED, COFFER_V(0x1a), "another role has to do this") \
	X(MAX_OBJECT_COUNT_EXCEEDED, COFFER_V(0x1b), "delete objects first") \
	X(SO_LOGIN_FAILURE_THRESHOLD, COFFER_V(0x1c), "too many SO failures: card zeroized") \
	X(PARTITION_DISABLED, COFFER_V(0x20), "the partition has to be initialised again") \
	X(SP_TIMEOUT, COFFER_V(0x23), "no key was given to the PED in time: try again") \
	X(TIMEOUT, COFFER_V(0x24), "try again") \
	X(MTK_ZEROIZED, COFFER_V(0x26), "the card was tampered with") \
	X(MTK_STATE_INVALID, COFFER_V(0x27), "nothing: the card is not in the tamper state") \
	X(HSM_STORAGE_FULL, COFFER_V(0x2a), "delete objects on the card") \
	X(DEVICE_TIMEOUT, COFFER_V(0x2b), "the card was too slow; try again") \
	X(CONTAINER_OBJECT_STORAGE_FULL, COFFER_V(0x2c), "delete objects in the partition") \
	X(PED_CLIENT_NOT_RUNNING, COFFER_V(0x2d), "start the PED, or connect one") \
	X(PED_UNPLUGGED, COFFER_V(0x2e), "connect a PED to the card") \
	X(OPERATION_NOT_ALLOWED, COFFER_V(0x30), "a policy forbids it") \
	X(LICENSE_CAPACITY_EXCEEDED, COFFER_V(0x31), "the card has no more partitions") \
	X(LOG_FULL, COFFER_V(0x38), "the Auditor has to read the log first") \
	X(LOG_AUDIT_NOT_INITIALIZED, COFFER_V(0x39), "initialise the Auditor first") \
	X(AUDIT_LOGIN_TIMEOUT_IN_PROGRESS, COFFER_V(0x3b), "wait ten minutes") \
	X(AUDIT_LOGIN_FAILURE_THRESHOLD, COFFER_V(0x3c), "too many failures: wait ten minutes") \
	X(USER_ALREADY_ACTIVATED, COFFER_V(0x44), "nothing, the role is activated") \
	X(CHALLENGE_INCORRECT, COFFER_V(0x67), "give the right challenge; attempts are counted") \
	X(OBJECT_ALREADY_EXISTS, COFFER_V(0x6f), "nothing, the object is there already") \
	X(HSM_TAMPERED, COFFER_V(0x76), "the SO has to clear the tamper state") \
	X(CONFIG_CHANGE_ILLEGAL, COFFER_V(0x77), "the capability or your role forbids this value") \
	X(POLICY_ID_INVALID, COFFER_V(0x7b), "look at showpolicies") \
	X(CONFIG_ILLEGAL, COFFER_V(0x7c), "the change erases objects: confirm it") \
	X(CONFIG_FAILS_DEPENDENCIES, COFFER_V(0x7d), "change the policy that it depends on first") \
	X(PED_UNSUPPORTED, COFFER_V(0x9d), "the card does not use a PED for this") \
	X(PED_ERROR, COFFER_V(0x9e), "the PED key cannot be read or written") \
	X(FAILED_TO_CLONE_AN_OBJECT, COFFER_V(0x106), "see the verdict of each object") \
	X(CLONE_NOT_ATTEMPTED, COFFER_V(0x107), "an earlier failure stopped the run") \
	X(SESSION_NEGOTIATION_NO_PSK, COFFER_V(0x108), "the partitions share no domain") \
	X(SESSION_NEGOTIATION_NO_ROOTS, COFFER_V(0x109), "the cards share no factory root") \
	X(SESSION_NEGOTIATION_NO_ALGS, COFFER_V(0x10a), "the partitions share no cipher suite") \
	X(SESSION_NEGOTIATION_EXPIRED, COFFER_V(0x10b), "start the negotiation again") \
	X(SESSION_NEGOTIATION_INVALID, COFFER_V(0x10c), "a message was changed or replayed") \
	X(SESSION_ID_INVALID, COFFER_V(0x10d), "no such cloning context") \
	X(SESSION_EXPIRED, COFFER_V(0x10f), "negotiate again") \
	X(PROTOCOL_DISABLED, COFFER_V(0x111), "the partitions share no cloning protocol") \
	X(OBJECT_TYPE_INVALID, COFFER_V(0x112), "this kind of object cannot be cloned") \
	X(CERTIFICATE_EXPIRED, COFFER_V(0x113), "set the clock, or retire the card") \
	X(OBJECT_READ_ONLY, COFFER_V(0x114), "the object takes no changes") \
	X(TIME_NOT_INITIALIZED, COFFER_V(0x115), "the SO has to set the card's clock") \
	X(CPV4_MSG_ERROR, COFFER_V(0x117), "the message is malformed") \
	X(DOMAIN_MANAGEMENT_NOT_ALLOWED, COFFER_V(0x11c), "set partition policy 44 first") \
	X(DOMAIN_LABEL_INVALID, COFFER_V(0x11d), "1 to 32 characters that are not the secret") \
	X(DOMAIN_LABEL_ALREADY_EXISTS, COFFER_V(0x11e), "choose another label") \
	X(DOMAIN_MAX_REACHED, COFFER_V(0x11f), "delete a domain first: three at most") \
	X(DOMAIN_NO_PRIMARY, COFFER_V(0x120), "make another domain primary first") \
	X(DOMAIN_EXTRA_PRIMARY, COFFER_V(0x121), "nothing, the domain is the primary one") \
	X(CLOCK_NOT_IN_SYNC, COFFER_V(0x124), "set the cards' clocks") \
	X(OWNER_UNKNOWN, COFFER_V(0xf01), "open the device again: the card was reset") \
	X(CLONE_THROTTLED, COFFER_V(0xf02), "too many failed domain proofs: wait") \
	X(CLONE_DIRECTION, COFFER_V(0xf03), "the target counts as less secure than the source") \
	X(CLONE_KDF_MISMATCH, COFFER_V(0xf04), "one card was made with -kdf-cost test") \
	X(CLONE_SAME_PARTITION, COFFER_V(0xf05), "source and target are the same partition") \
	X(FIPS_MISMATCH, COFFER_V(0xf06), "one side allows only approved algorithms") \
	X(SELF_TEST_FAILED, COFFER_V(0xf07), "the card refuses service: retire it") \
	X(FW_IMAGE_INVALID, COFFER_V(0xf08), "get the image again from who made it") \
	X(FW_ROLLBACK, COFFER_V(0xf09), "the card takes newer firmware only") \
	X(LOG_CORRUPT, COFFER_V(0xf0b), "records of the audit log were changed or removed") \
	X(ARCHIVE_VERSION, COFFER_V(0xf0c), "the archive is of a newer version: update this card") \
	X(ARCHIVE_RECIPIENT, COFFER_V(0xf0d), "the archive is sealed to other cards")

enum coffer_status {
#define COFFER_X(name, value, advice) COFFER_ST_##name = (int)(value),
	COFFER_STATUS_CODES(COFFER_X)
#undef COFFER_X
};

#endif /* _COFFER_STATUS_H */
