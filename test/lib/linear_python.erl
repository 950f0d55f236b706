%% Clients of the linearizability tests in Python: a call that runs some of them, as threads, in one place.
%% test/ct/data/python/linear_client.py says what stands in the file that they share with us; what a client wrote
%% before it was killed is there.
-module(linear_python).

-export([start/6, await_ready/1, begin_at/2, os_pid/1, await_end/1, finish/1, look/4, look_whole/4]).

-export_type([caller/0, ready/0]).

-define(BEGIN_AT, 0).
-define(PID_AT, 8).
-define(READY_AT, 16).
-define(RECORDS_AT, 64).
-define(RECORD, 512).
-define(MOST, 20).         % records a client
-define(PATIENCE, 30000).  % milliseconds after which something is not slow but missing

-opaque caller() :: #{place := linear_program:place(), client := pos_integer(), programs := [[tuple()]],
                      file := file:filename(), opened := file:fd(), ref := reference()}.
-type ready() :: {ready, OsPid :: pos_integer()} | never_ready | {over, term()}.

%% @doc Begins the call; its clients are numbered from Client on.
-spec start(linear_steps:kind(), linear_program:place(), pos_integer(), [[tuple()]], py:shared_dict(), linear_recorder:env()) ->
          caller().
start(Kind, Place, Client, Programs, SD, #{folder := Folder, call := Call, python_fault := Fault}) ->
    File = filename:join(Folder, "clients." ++ integer_to_list(erlang:unique_integer([positive]))),
    {ok, Opened} = file:open(File, [read, write, raw, binary]),
    ok = file:write(Opened, binary:copy(<<0>>, ?RECORDS_AT + ?RECORD * ?MOST * length(Programs))),
    Args = [Kind, SD, unicode:characters_to_binary(File), ?MOST, Programs, Fault],
    Self = self(),
    Ref = make_ref(),
    _ = spawn_link(fun() -> Self ! {Ref, Call(Place, run, Args)} end),
    #{place => Place, client => Client, programs => Programs, file => File, opened => Opened, ref => Ref}.

%% @doc Until all its clients wait for the beginning, or the call is over before that.
-spec await_ready(caller()) -> ready().
await_ready(Caller) -> await_ready(Caller, linear_clock:now_ns() + ?PATIENCE * 1000000).

await_ready(#{opened := Opened, programs := Programs, ref := Ref} = Caller, Deadline) ->
    All = binary:copy(<<1>>, length(Programs)),
    case {file:pread(Opened, ?READY_AT, length(Programs)), linear_clock:now_ns() > Deadline} of
        {{ok, All}, _} -> {ready, os_pid(Caller)};
        {_, true} -> never_ready;
        {_, false} ->
            receive {Ref, End} -> self() ! {Ref, End}, {over, End}
            after 0 ->
                erlang:yield(),
                await_ready(Caller, Deadline)
            end
    end.

-spec begin_at(caller(), linear:time()) -> ok.
begin_at(#{opened := Opened}, Time) -> ok = file:pwrite(Opened, ?BEGIN_AT, <<Time:64/little>>).

%% @doc 0 when it has not come so far as to say it.
-spec os_pid(caller()) -> non_neg_integer().
os_pid(#{opened := Opened}) ->
    {ok, <<Pid:64/little>>} = file:pread(Opened, ?PID_AT, 8),
    Pid.

%% @doc What the call gave.
-spec await_end(caller()) -> term().
await_end(#{ref := Ref}) ->
    receive {Ref, End} -> End
    after ?PATIENCE -> never_ended
    end.

%% @doc What its clients wrote down; the file is gone then. They must have ended, or been killed.
-spec finish(caller()) -> linear:history().
finish(#{client := Client, programs := Programs, file := File, opened := Opened, place := Place}) ->
    {ok, Records} = file:pread(Opened, ?RECORDS_AT, ?RECORD * ?MOST * length(Programs)),
    ok = file:close(Opened),
    ok = file:delete(File),
    Each = [binary:part(Records, N * ?MOST * ?RECORD, ?MOST * ?RECORD) || N <- lists:seq(0, length(Programs) - 1)],
    lists:append([records(name(Place, Client + N), Steps, Own)
                  || {N, {Steps, Own}} <- lists:zip(lists:seq(0, length(Programs) - 1), lists:zip(Programs, Each))]).

name(Place, Client) -> unicode:characters_to_binary(io_lib:format("~0p ~b", [Place, Client])).

records(_, [], _) -> [];
records(Name, [Step | Steps], <<Record:?RECORD/binary, Records/binary>>) ->
    <<Invoked:64/little, Returned:64/little, Number:64/little, Kind, _, Length:16/little,
      Text:Length/binary, _/binary>> = Record,
    {Op, Key, Arg, _} = Step,
    Operation = #{process => Name, key => Key, op => Op, arg => Arg, invoked => Invoked},
    case Kind of
        0 -> [];   % killed before
        1 -> [Operation#{result => unknown, returned => infinity} | records(Name, Steps, Records)];
        _ -> [Operation#{result => result(Kind, Number, Text), returned => Returned} | records(Name, Steps, Records)]
    end.

%% As they are numbered in linear_client.py.
result(2, _, _) -> ok;
result(3, Number, _) -> {value, Number};
result(4, _, _) -> missing;
result(5, _, _) -> true;
result(6, _, _) -> false;
result(7, _, _) -> deleted;
result(8, _, Text) -> {broken, Text};
result(9, _, Text) -> error_of(Text);
result(10, _, Text) -> term(Text).

term(Text) ->
    {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(Text) ++ "."),
    {ok, Term} = erl_parse:parse_term(Tokens),
    Term.

%% The only errors that leave everything as it was.
error_of(<<"MemoryError", _/binary>> = Text) -> {refused, Text};
error_of(<<"TimeoutError", _/binary>> = Text) -> {refused, Text};
error_of(Text) -> {failed, Text}.

%% @doc What a reader in Python finds in the end.
-spec look(linear_program:place(), py:shared_dict(), [binary()], linear_recorder:env()) -> linear:history().
look(Place, SD, Keys, #{call := Call}) ->
    Invoked = linear_clock:now_ns(),
    {ok, Found} = Call(Place, look, [SD, Keys]),
    Returned = linear_clock:now_ns(),
    [#{process => <<"python at the end">>, key => Key, op => get, arg => none, result => result(Kind, Number, Text),
       invoked => Invoked, returned => Returned} || {Key, Kind, Number, Text} <- Found].

%% @doc The same of a dict as a whole, or a list.
-spec look_whole(linear_steps:kind(), linear_program:place(), py:shared_dict(), linear_recorder:env()) -> linear:history().
look_whole(Kind, Place, Object, #{call := Call}) ->
    Invoked = linear_clock:now_ns(),
    {ok, Text} = Call(Place, look_whole, [Kind, Object]),
    Returned = linear_clock:now_ns(),
    [#{process => <<"python at the end">>, key => atom_to_binary(Kind), op => items, arg => [], result => term(Text),
       invoked => Invoked, returned => Returned}].
