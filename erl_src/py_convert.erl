%% @private The option `convert': which Python objects become Erlang's usual forms instead of
%% `{py_object, Type, Pickle}'. Pure; docs/values.md has the table, docs/protocol.md the flags.
-module(py_convert).

-include("py_protocol.hrl").

-export([flags/1, of_read/1, take/1]).

-export_type([convert/0, kind/0]).

-type kind() :: set | datetime | decimal | uuid | numpy.
-type convert() :: all | none | [kind()].

%% @doc The flags of a request that asks for it.
-spec flags(term()) -> {ok, py_protocol:flags()} | error.
flags(all) -> {ok, ?FLAGS_CONVERT};
flags(none) -> {ok, 0};
flags(Kinds) -> flags(Kinds, 0).

flags([], Flags) -> {ok, Flags};
flags([Kind | Kinds], Flags) ->
    case flag(Kind) of
        0 -> error;
        Flag -> flags(Kinds, Flags bor Flag)
    end;
flags(_, _) -> error.

flag(set) -> ?FLAG_CONVERT_SET;
flag(datetime) -> ?FLAG_CONVERT_DATETIME;
flag(decimal) -> ?FLAG_CONVERT_DECIMAL;
flag(uuid) -> ?FLAG_CONVERT_UUID;
flag(numpy) -> ?FLAG_CONVERT_NUMPY;
flag(_) -> 0.

%% @doc Of the options of a dict's read, a map that has nothing else.
-spec of_read(term()) -> {ok, py_protocol:flags()} | error.
of_read(#{convert := Convert} = Options) when map_size(Options) =:= 1 -> flags(Convert);
of_read(Options) when Options =:= #{} -> {ok, 0};
of_read(_) -> error.

%% @doc Of the options of a call, which may be a timeout; what is left are those that py_forms knows.
-spec take(term()) -> {ok, py_protocol:flags(), Rest :: term()} | error.
take(#{convert := Convert} = Options) ->
    case flags(Convert) of
        {ok, Flags} -> {ok, Flags, maps:remove(convert, Options)};
        error -> error
    end;
take(Options) -> {ok, 0, Options}.
