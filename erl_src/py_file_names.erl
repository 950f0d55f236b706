%% @private Names of the files that port programs and the node share. Pure.
%%
%% ```
%% pyport-<node's OS pid>-<its start time>-<8 hex digits>              the table
%% pyport-<node's OS pid>-<its start time>-<8 hex digits>.new         the table while it is being made
%% pyport-<node's OS pid>-<its start time>-<8 hex digits>.stderr-<N>   what one OS process writes to fd 2
%% '''
%%
%% Pid and start time tell whether the node lives. The first four digits are those of the pid namespace: another
%% container's node, which the folder may be shared with, has pids that say nothing here.
-module(py_file_names).

-export([table/4, stderr/2, parse/1, is_stale/3, dict/3]).

-define(PREFIX, "pyport-").

%% @doc `Started' as of py_os:started/1, `Namespace' any text that names the pid namespace.
-spec table(OsPid :: pos_integer(), Started :: binary(), Namespace :: binary(), Random :: <<_:16>>) -> binary().
table(OsPid, Started, Namespace, <<Random:16>>) ->
    iolist_to_binary(io_lib:format(?PREFIX "~b-~s-~s~4.16.0b", [OsPid, Started, namespace(Namespace), Random])).

namespace(Name) -> iolist_to_binary(io_lib:format("~4.16.0b", [erlang:phash2(Name, 16#10000)])).

-spec stderr(Table :: file:filename_all(), pos_integer()) -> binary().
stderr(Table, Number) -> iolist_to_binary([Table, ".stderr-", integer_to_list(Number)]).

%% @doc The node that a file belongs to, if its name is one of the above.
-spec parse(binary()) -> {ok, OsPid :: pos_integer(), Started :: binary(), NamespaceDigits :: binary()} | error.
parse(Name) ->
    case re:run(Name, "^" ?PREFIX "([1-9][0-9]{0,9})-([0-9]{1,20})-([0-9a-f]{4})[0-9a-f]{4}(\\.stderr-[0-9]+|\\.new)?$",
                [{capture, [1, 2, 3], binary}, dollar_endonly]) of
        {match, [OsPid, Started, Digits]} -> {ok, binary_to_integer(OsPid), Started, Digits};
        nomatch -> error
    end.

%% @doc Whether it belongs to a node that is dead. `IsAlive' tells of a pid and a start time.
-spec is_stale(binary(), Namespace :: binary(), fun((pos_integer(), binary()) -> boolean())) -> boolean().
is_stale(Name, Namespace, IsAlive) ->
    Own = namespace(Namespace),
    case parse(Name) of
        {ok, OsPid, Started, Own} -> not IsAlive(OsPid, Started);
        _ -> false
    end.

%% @doc The name of a dict for Python processes: the table's file (without its folder when that is /dev/shm), the handle's bits,
%% and the node.
-spec dict(File :: binary(), Bits :: <<_:128>>, node()) -> binary().
dict(File, Bits, Node) ->
    Hex = << <<(hex(Digit))>> || <<Digit:4>> <= Bits >>,
    <<(in_shm(File))/binary, ":", Hex/binary, ":", (atom_to_binary(Node, utf8))/binary>>.

in_shm(<<"/dev/shm/", Name/binary>> = File) ->
    case binary:match(Name, <<"/">>) of
        nomatch -> Name;
        _ -> File
    end;
in_shm(File) -> File.

hex(Digit) when Digit < 10 -> $0 + Digit;
hex(Digit) -> $a + Digit - 10.
