%% Operations, flags and replies of docs/protocol.md. Nothing else in the project spells these numbers.

-define(PROTOCOL_VERSION, 1).

-define(OP_HELLO, 16#01).
-define(OP_PING, 16#02).
-define(OP_INFO, 16#03).
-define(OP_NEW, 16#10).
-define(OP_DESTROY, 16#11).
-define(OP_GET, 16#12).
-define(OP_SET, 16#13).
-define(OP_DEL, 16#14).
-define(OP_KEYS, 16#15).
-define(OP_STAT, 16#16).
-define(OP_DICTS, 16#17).
-define(OP_SWEEP, 16#18).
-define(OP_GET_MANY, 16#19).
-define(OP_SET_MANY, 16#1A).
-define(OP_DEL_MANY, 16#1B).
-define(OP_ITEMS, 16#1C).
-define(OP_PUT_BEGIN, 16#1D).
-define(OP_PUT_PART, 16#1E).
-define(OP_PUT_END, 16#1F).
-define(OP_CALL, 16#20).
-define(OP_EVAL, 16#21).
-define(OP_EXEC, 16#22).
-define(OP_RUN, 16#23).
-define(OP_CANCEL, 16#24).
-define(OP_NS_NEW, 16#25).
-define(OP_NS_DROP, 16#26).
-define(OP_LOG_CREDIT, 16#27).
-define(OP_GET_PART, 16#30).
-define(OP_DROP_TRANSFER, 16#31).
-define(OP_PUT_IF, 16#32).
-define(OP_TAKE, 16#33).
-define(OP_CLEAR, 16#34).
-define(OP_IS_KEY, 16#35).
-define(OP_DEL_IF, 16#36).
-define(OP_NUMBER, 16#37).
-define(OP_TRANSACT, 16#38).
-define(OP_OPEN, 16#3B).
-define(OP_NAMES, 16#3C).
-define(OP_REMOVE_NAME, 16#3D).
-define(OP_SUBSCRIBE, 16#39).
-define(OP_UNSUBSCRIBE, 16#3A).
-define(OP_CHANGES_SEEN, 16#3E).

-define(FLAG_NO_REPLY, 1).
-define(FLAG_ANY, 2).
-define(FLAG_PARTS, 4).
-define(FLAG_STAMPED, 8).
%% Of PUT_BEGIN.
-define(PUT_TEXT_OR_BYTES, 0).
-define(PUT_BYTES, 1).
-define(PUT_TERM, 2).

-define(FLAG_CONVERT_SET, 16#0100).
-define(FLAG_CONVERT_DATETIME, 16#0200).
-define(FLAG_CONVERT_DECIMAL, 16#0400).
-define(FLAG_CONVERT_UUID, 16#0800).
-define(FLAG_CONVERT_NUMPY, 16#1000).
-define(FLAGS_CONVERT, 16#1f00).

-define(REPLY_OK, 16#80).
-define(REPLY_VALUE, 16#81).
-define(REPLY_MISSING, 16#82).
-define(REPLY_ERROR, 16#83).
-define(REPLY_EXCEPTION, 16#84).
-define(REPLY_GONE, 16#85).
-define(REPLY_PARTS, 16#86).

-define(EVENT_LOG, 16#C0).
-define(EVENT_DESTROYED, 16#C1).
-define(EVENT_CAST_FAILED, 16#C2).
-define(EVENT_STUCK, 16#C3).
-define(EVENT_CHANGES, 16#C4).

%% How a port program ends that says why by its exit status.
-define(EXIT_STUCK, 5).
-define(EXIT_NO_MEMORY, 6).

%% Of NUMBER.
-define(NUMBER_ADD, 0).
-define(NUMBER_SUB, 1).
-define(NUMBER_BOR, 2).
-define(NUMBER_BXOR, 3).
-define(NUMBER_BAND, 4).
-define(NUMBER_SWAP, 5).
-define(NUMBER_CAS, 6).

%% The stamp of a key that is not there.
-define(ABSENT, 0).

%% Bytes of a frame before its body.
-define(HEADER_SIZE, 8).
