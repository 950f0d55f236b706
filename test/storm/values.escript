#!/usr/bin/env escript
%% -*- erlang -*-
%% Random values, so many of each side, go three ways and must come back as the table of conversions says:
%%
%%     ERL_LIBS=_build/test/lib escript test/storm/values.escript COUNT [SEED]
%%
%% after `rebar3 as test compile'.
%%
%% 1. Erlang's terms (test/lib/value_terms.erl) go to the table, are read by Python, which tells what it got and writes it
%%    under another key, and are read there by Erlang. Terms that have no form are refused with their place, and the old
%%    value stays.
%% 2. Python's values (test/python/plain_values.py) are what they were when they are read again, to the last bit and object,
%%    and what pickle makes of them. Erlang reads them as what Python says they are, writes them under another key, and
%%    Python reads them there.
%% 3. What Erlang reads of its own terms, without Python, is what binary_to_term makes of the expected term's
%%    term_to_binary, and has the same bytes.
%%
%% Ends with the tenth difference. Prints the seed; with it all is done again. Closes with what was done and
%% `N passed, N failed': a way without a difference has passed, a difference is a failure.
-mode(compile).

-define(BATCH, 200).                % values of each side in one request
-define(SIZES, {1, 2, 4, 8, 16}).   % of PropEr's terms, one batch after the other
-define(ENOUGH, 10).                % differences
-define(PAUSE, 10000).              % milliseconds between two lines of progress
-define(PATIENCE, 120000).          % milliseconds for a call: a batch, on a busy machine
-define(OLD, <<"old">>).            % under the key of what is refused

%% The three ways, and what is checked on them besides.
-define(BY_PYTHON, 'Erlang, Python, Erlang').
-define(BY_PICKLE, 'Python, pickle, Erlang, Python').
-define(WAYS, [?BY_PYTHON, ?BY_PICKLE, term_to_binary, refused]).

main([Count]) -> main([Count, integer_to_list(erlang:phash2({os:timestamp(), os:getpid()}))]);
main([CountText, SeedText]) ->
    {Count, Seed} = {list_to_integer(CountText), list_to_integer(SeedText)},
    Root = filename:dirname(filename:dirname(filename:dirname(filename:absname(escript:script_name())))),
    true = code:add_patha(filename:join(code:lib_dir(pyport), "test/lib")),
    ok = io:setopts([{encoding, unicode}]),
    io:format("seed ~b~n", [Seed]),
    ok = logger:set_primary_config(level, none),
    start([filename:join([Root, "test", Folder]) || Folder <- ["storm", "python"]]),
    Storm = #{count => Count, seed => Seed, begun => erlang:monotonic_time(second), refused => counters:new(2, [])},
    Differences = storm(Storm) ++ leftovers(),
    ok = application:stop(pyport),
    report(Storm, Differences);
main(_) ->
    io:format(standard_error, "usage: values.escript COUNT [SEED]~n", []),
    halt(2).

start(PythonPath) ->
    ok = application:load(pyport),
    [ok = application:set_env(pyport, Key, Value) || {Key, Value} <- [{interpreters, workers()}, {python_path, PythonPath}]],
    {ok, _} = application:ensure_all_started(pyport),
    ok.

workers() -> erlang:system_info(schedulers_online).

%%% Workers take batches until there are none left

storm(#{count := Count} = Storm) ->
    Shared = Storm#{next => atomics:new(1, []), batches => (Count + ?BATCH - 1) div ?BATCH, main => self()},
    Workers = [spawn_monitor(fun() -> worker(Shared) end) || _ <- lists:seq(1, workers())],
    collect(Shared, length(Workers), 0, [], erlang:monotonic_time(millisecond) + ?PAUSE).

collect(_, 0, _, Differences, _) -> lists:reverse(Differences);
collect(Shared, Workers, Done, Differences, Next) ->
    receive
        {done, Count} -> collect(Shared, Workers, Done + Count, Differences, progress(Shared, Done + Count, Differences, Next));
        {difference, Difference} -> collect(Shared, Workers, Done, noted(Shared, Difference, Differences), Next);
        {'DOWN', _, process, _, normal} -> collect(Shared, Workers - 1, Done, Differences, Next);
        {'DOWN', _, process, _, Why} ->
            Text = io_lib:format("the test itself: ~0tP", [Why, 20]),
            collect(Shared, Workers - 1, Done, noted(Shared, {none, Text}, Differences), Next)
    end.

noted(Shared, {_, Text} = Difference, Differences) ->
    case length(Differences) of
        ?ENOUGH -> Differences;
        Before ->
            io:format("DIFFERENCE ~ts~n", [Text]),
            Before + 1 =:= ?ENOUGH andalso stop(Shared),
            [Difference | Differences]
    end.

stop(#{next := Next, batches := Batches}) -> atomics:put(Next, 1, Batches).

progress(#{count := Count, begun := Begun}, Done, Differences, Next) ->
    case erlang:monotonic_time(millisecond) of
        Now when Now < Next -> Next;
        Now ->
            io:format("~b of ~b values each, ~b differences, ~b s~n",
                      [Done, Count, length(Differences), erlang:monotonic_time(second) - Begun]),
            Now + ?PAUSE
    end.

worker(Shared) ->
    {ok, SD} = py:shared_dict_new(),
    {ok, Other} = py:shared_dict_new(),   % whose handle is a value: Python stores no dict in itself
    ok = py:shared_dict_set(SD, <<"refused">>, ?OLD),
    work(Shared#{other => Other}, SD),
    ok = py:shared_dict_destroy(Other),
    ok = py:shared_dict_destroy(SD).

work(#{next := Next, batches := Batches, count := Count, seed := Seed, other := Other} = Shared, SD) ->
    case atomics:add_get(Next, 1, 1) of
        Batch when Batch =< Batches ->
            Size = min(?BATCH, Count - (Batch - 1) * ?BATCH),
            Now = Shared#{sd => SD, size => Size, batch => Batch},
            erlangs(Now, value_terms:pick(Size, size_of(Batch), {Seed, Batch, 0}, Other)),
            pythons(Now, Seed + (Batch - 1) * ?BATCH),
            maps:get(main, Shared) ! {done, Size},
            work(Shared, SD);
        _ -> ok
    end.

size_of(Batch) -> element(Batch rem tuple_size(?SIZES) + 1, ?SIZES).

%%% Erlang's terms

erlangs(#{sd := SD, batch := Batch} = Now, Terms) ->
    Numbered = [{N, Term, value_model:fate(Term)} || {N, Term} <- numbered(Terms)],
    {Refused, Stored} = lists:partition(fun({_, _, Fate}) -> is_tuple(Fate) andalso element(1, Fate) =:= refused end, Numbered),
    [refused(Now, One) || One <- Refused],
    counters:add(maps:get(refused, Now), 1, length(Refused)),
    case set(Now, [{N, Term} || {N, Term, _} <- Stored]) of
        ok ->
            by_erlang(Now, term_to_binary, fun(N) -> N end, Stored),
            seen(Now, ?BY_PYTHON, Stored, call(Now, ?BY_PYTHON, again, [SD, [N || {N, _, _} <- Stored], Batch div 3 rem 3])),
            by_erlang(Now, ?BY_PYTHON, fun(N) -> iolist_to_binary(["again ", integer_to_binary(N)]) end, Stored);
        Error -> differs(Now, term_to_binary, batch, {[], said(Error)})
    end.

%% Its error names the place, alone and among others, and nothing is stored.
refused(#{sd := SD} = Now, {N, Term, {refused, Faults}}) ->
    Alone = py:shared_dict_set(SD, <<"refused">>, Term),
    is_error(Alone, Faults) orelse differs(Now, refused, N, {[], no_fault(Alone, Faults)}),
    Many = py:shared_dict_set_many(SD, [{<<"fine">>, N}, {<<"refused">>, Term}]),
    is_error_in(Many, <<"refused">>, Faults) orelse differs(Now, refused, N, {[], no_fault(Many, Faults)}),
    py:shared_dict_get_many(SD, [<<"fine">>, <<"refused">>]) =:= #{<<"refused">> => ?OLD}
        orelse differs(Now, refused, N, {[], "stored all the same"}).

%% What Erlang reads is what is to come back; what it cannot read is an error that says why.
by_erlang(Now, Way, Key, Stored) ->
    case get_of(Now, [Key(N) || {N, _, plain} <- Stored]) of
        Found when is_map(Found) -> [same(Now, Way, N, came_back(Term), maps:find(Key(N), Found)) || {N, Term, plain} <- Stored];
        Error -> differs(Now, Way, batch, {[], said(Error)})
    end,
    unreadable(Now, Way, [{Key(N), N, Faults} || {N, _, {unreadable, Faults}} <- Stored]).

%% By way of the external format, too.
came_back(Term) -> binary_to_term(value_diff:encode(value_model:back(value_model:as_python(Term)))).

%% What Python got is what it is to see.
seen(Now, Way, Stored, {ok, Told}) when length(Told) =:= length(Stored) ->
    [same(Now, Way, N, value_model:as_python(Term), {ok, binary_to_term(Seen)}) || {{N, Term, _}, Seen} <- lists:zip(Stored, Told)];
seen(Now, Way, _, {ok, _}) -> differs(Now, Way, batch, {[], "too few values"});
seen(_, _, _, error) -> ok.

%%% Python's values

pythons(#{sd := SD, size := Size} = Now, Seed) ->
    case call(Now, ?BY_PICKLE, made, [SD, Seed, Size]) of
        {ok, {Told, Differences}} ->
            [differs(Now, ?BY_PICKLE, {seed, One}, {[], [Kind, " gives another value: ", Where]}) || {One, Kind, Where} <- Differences],
            Made = [{iolist_to_binary(["made ", integer_to_binary(N)]), {seed, Seed + N}, binary_to_term(One)}
                    || {N, One} <- lists:zip(lists:seq(0, Size - 1), Told)],
            to_erlang(Now, ?BY_PICKLE, Made);
        error -> ok
    end.

to_erlang(Now, Way, Made) ->
    {Readable, Others} = lists:partition(fun({_, _, Told}) -> value_model:unreadable(Told) =:= [] end, Made),
    unreadable(Now, Way, [{Key, Seed, value_model:unreadable(Told)} || {Key, Seed, Told} <- Others]),
    case get_of(Now, [Key || {Key, _, _} <- Readable]) of
        Found when map_size(Found) =:= length(Readable) ->
            [same(Now, Way, Seed, value_model:back(Told), maps:find(Key, Found)) || {Key, Seed, Told} <- Readable],
            and_back(Now, Way, [{N, Seed, maps:get(Key, Found)} || {N, {Key, Seed, _}} <- numbered(Readable)]);
        Error -> differs(Now, Way, batch, {[], said(Error)})
    end.

%% What Erlang has read it writes under another key.
and_back(#{sd := SD} = Now, Way, Terms) ->
    case set(Now, [{N, Term} || {N, _, Term} <- Terms]) of
        ok -> seen(Now, Way, [{Seed, Term, plain} || {_, Seed, Term} <- Terms], call(Now, Way, look, [SD, [N || {N, _, _} <- Terms]]));
        Error -> differs(Now, Way, batch, {[], said(Error)})
    end.

numbered(List) -> lists:zip(lists:seq(1, length(List)), List).

%%% One by one in every third batch, else many at once

set(#{sd := SD, batch := Batch}, Pairs) when Batch rem 3 =:= 0 ->
    case [Error || {Key, Value} <- Pairs, Error <- [py:shared_dict_set(SD, Key, Value)], Error =/= ok] of
        [] -> ok;
        [Error | _] -> Error
    end;
set(#{sd := SD}, Pairs) -> py:shared_dict_set_many(SD, Pairs).

get_of(#{sd := SD, batch := Batch}, Keys) when Batch rem 3 =:= 0 ->
    maps:from_list([{Key, py:shared_dict_get(SD, Key)} || Key <- Keys]);
get_of(#{sd := SD}, Keys) -> py:shared_dict_get_many(SD, Keys).

%%% What was found

same(Now, Way, Which, Expected, {ok, Found}) ->
    case {value_diff:first(Expected, Found), Expected =:= Found} of
        {none, true} -> ok;
        {none, false} -> differs(Now, Way, Which, {[], "the same bytes, and not equal"});
        {Difference, _} -> differs(Now, Way, Which, Difference)
    end;
same(Now, Way, Which, _, error) -> differs(Now, Way, Which, {[], "is not there"}).

%% All of these are errors that name one of the faults.
unreadable(#{sd := SD} = Now, Way, Keys) ->
    counters:add(maps:get(refused, Now), 2, length(Keys)),
    [begin
         Got = py:shared_dict_get(SD, Key),
         is_error(Got, Faults) orelse differs(Now, Way, Which, {[], no_fault(Got, Faults)})
     end || {Key, Which, Faults} <- Keys],
    ok.

no_fault(Got, Faults) -> [said(Got), ", not one of ", said(Faults)].

is_error({error, {bad_term, Path, Why}}, Faults) -> value_model:is_fault({Path, Why}, Faults);
is_error(_, _) -> false.

is_error_in({error, {bad_term, [Key | Path], Why}}, Key, Faults) -> value_model:is_fault({Path, Why}, Faults);
is_error_in(_, _, _) -> false.

call(Now, Way, Function, Args) ->
    case py:call(storm_values, Function, Args, #{}, ?PATIENCE) of
        {ok, _} = Ok -> Ok;
        Error ->
            differs(Now, Way, batch, {[], said(Error)}),
            error
    end.

differs(#{main := Main, seed := Seed, batch := Batch}, Way, Which, {Path, What}) ->
    Text = io_lib:format("(seed ~b, batch ~b, ~ts) ~ts: ~ts~ts", [Seed, Batch, named(Which), Way, place(Path), What]),
    Main ! {difference, {Way, Text}},
    ok.

place([]) -> "";
place(Path) -> ["at ", lists:join(" / ", [step(Step) || Step <- Path]), ": "].

step(Step) when is_integer(Step) -> integer_to_list(Step);
step({tail, N}) -> ["tail after ", integer_to_list(N - 1)];
step(Key) -> Key.

named(batch) -> "all of it";
named({seed, Seed}) -> io_lib:format("WithSurrogates(~b).value()", [Seed]);
named(N) -> io_lib:format("term ~b", [N]).

said({error, {Type, #{message := Message}}}) -> io_lib:format("~ts: ~ts", [Type, Message]);
said(Term) -> io_lib:format("~0tP", [Term, 20]).

%% Every dict was destroyed.
leftovers() ->
    case py:info() of
        #{dicts := 0} -> [];
        #{dicts := N} ->
            io:format("LEFT OVER ~b dicts~n", [N]),
            [{none, leftovers}]
    end.

report(#{count := Count, seed := Seed, begun := Begun, refused := Refused}, Differences) ->
    io:format("~b terms were refused by the table and ~b reads by Erlang, as documented~n",
              [counters:get(Refused, N) || N <- [1, 2]]),
    io:format("values: ~b values of each side, 3 ways, ~b differences, ~b s, seed ~b~n",
              [Count, length(Differences), erlang:monotonic_time(second) - Begun, Seed]),
    Passed = ?WAYS -- [Way || {Way, _} <- Differences],
    io:format("~b passed, ~b failed~n", [length(Passed), length(Differences)]),
    halt(case Differences of [] -> 0; _ -> 1 end).
