%% Watching dicts and waiting for keys: from Erlang, of changes that Erlang, Python and other nodes make.
-module(py_watch_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([every_change_is_told/1, one_key/1, keys_with_a_prefix/1, python_changes_are_told/1, versions/1, unsubscribe/1,
         ends_with_the_subscriber/1, ends_with_the_dict/1, two_subscriptions/1, order_of_each_key/1, overflow/1,
         a_slow_node_costs_nothing/1, the_table_dies/1, the_server_dies/1, on_another_node/1, wrong_arguments/1,
         wait_until_it_is_so/1, wait_for_python/1, wait_ends/1, wait_leaves_nothing/1, wait_on_another_node/1,
         wait_wrong_arguments/1, killed_writers/1, names_of_maps/1]).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {minutes, 3}}].

all() ->
    [every_change_is_told, one_key, keys_with_a_prefix, python_changes_are_told, versions, unsubscribe,
     ends_with_the_subscriber, ends_with_the_dict, two_subscriptions, order_of_each_key, overflow,
     a_slow_node_costs_nothing, the_table_dies, the_server_dies, on_another_node, wrong_arguments,
     wait_until_it_is_so, wait_for_python, wait_ends, wait_leaves_nothing, wait_on_another_node,
     wait_wrong_arguments, killed_writers, names_of_maps].

init_per_suite(Config) -> py_ct:start(Config, [{max_frame, 1 bsl 20}]).

end_per_suite(Config) ->
    ?assertEqual([], py_tables:watches()),
    py_ct:stop(Config).

new() ->
    {ok, SD} = py:shared_dict_new(),
    SD.

%% The next change; versions are left out.
next(SD) ->
    receive
        {shared_dict, SD, {put, Key, Version}} when is_integer(Version), Version > 0 -> {put, Key};
        {shared_dict, SD, Change} -> Change
    after 10000 -> nothing
    end.

next(SD, Count) -> [next(SD) || _ <- lists:seq(1, Count)].

%% Of a key that nobody is asked about but here: what comes before it is all there is.
all_until(SD, Last) ->
    case next(SD) of
        {put, Last} -> [];
        nothing -> [nothing];
        Change -> [Change | all_until(SD, Last)]
    end.

done(SD) -> ok = py:shared_dict_set(SD, <<"last of all">>, 1), all_until(SD, <<"last of all">>).

every_change_is_told(_Config) ->
    SD = new(),
    ok = py:shared_dict_set(SD, before, 1),
    {ok, _} = py:shared_dict_subscribe(SD),
    ok = py:shared_dict_set(SD, k, 1),
    ok = py:shared_dict_set(SD, k, 2),
    ok = py:shared_dict_set(SD, -7, binary:copy(<<"v">>, 3 bsl 20)),
    2 = py:shared_dict_take(SD, k),
    ok = py:shared_dict_del(SD, k),
    ok = py:shared_dict_set_many(SD, [{a, 1}, {b, 2}]),
    ok = py:shared_dict_del_many(SD, [b, c]),
    2 = py:shared_dict_add(SD, a, 1),
    3 = py:shared_dict_add(SD, a, 1),
    ok = py:shared_dict_clear(SD),
    true = py:shared_dict_put_new(SD, new, 1),
    false = py:shared_dict_put_new(SD, new, 1),
    ?assertEqual([{put, <<"k">>}, {put, <<"k">>}, {put, -7}, {delete, <<"k">>}, {put, <<"a">>}, {put, <<"b">>},
                  {delete, <<"b">>}, {put, <<"a">>}, {put, <<"a">>}, {clear}, {put, <<"new">>}], done(SD)),
    ok = py:shared_dict_destroy(SD),
    ?assertEqual(destroyed, next(SD)).

one_key(_Config) ->
    SD = new(),
    {ok, One} = py:shared_dict_subscribe(SD, {key, k}),
    [ok = py:shared_dict_set(SD, Key, 1) || Key <- [kk, k, 7, <<>>]],
    ok = py:shared_dict_clear(SD),
    ?assertEqual([{put, <<"k">>}, {clear}], next(SD, 2)),
    ok = py:shared_dict_unsubscribe(One),
    {ok, Seven} = py:shared_dict_subscribe(SD, {key, 7}),
    [ok = py:shared_dict_set(SD, Key, 1) || Key <- [<<"7">>, k, 7]],
    ?assertEqual({put, 7}, next(SD)),
    ok = py:shared_dict_unsubscribe(Seven).

keys_with_a_prefix(_Config) ->
    SD = new(),
    {ok, Subscription} = py:shared_dict_subscribe(SD, {prefix, <<"user:">>}),
    [ok = py:shared_dict_set(SD, Key, 1) || Key <- [<<"user">>, 'user:1', 7, <<"xuser:">>, <<"user:">>]],
    ok = py:shared_dict_del(SD, 'user:1'),
    ?assertEqual([{put, <<"user:1">>}, {put, <<"user:">>}, {delete, <<"user:1">>}], next(SD, 3)),
    ok = py:shared_dict_unsubscribe(Subscription).

python_changes_are_told(_Config) ->
    SD = new(),
    {ok, _} = py:shared_dict_subscribe(SD),
    ok = py:exec(<<"from erlang import SharedDict\n"
                   "sd = SharedDict(sd)\n"
                   "sd['k'] = {1, 2}\n"
                   "cell = sd.cell('n')\n"
                   "cell.add(1)\n"
                   "sd.update(a=1)\n"
                   "del sd['k']\n"
                   "sd.clear()\n">>, #{sd => SD}),
    ?assertEqual([{put, <<"k">>}, {put, <<"n">>}, {put, <<"n">>}, {put, <<"a">>}, {delete, <<"k">>}, {clear}],
                 next(SD, 6)),
    ok = py:exec(<<"__import__('erlang').SharedDict(sd).destroy()">>, #{sd => SD}),
    ?assertEqual(destroyed, next(SD)).

versions(_Config) ->
    SD = new(),
    {ok, _} = py:shared_dict_subscribe(SD),
    ok = py:shared_dict_set(SD, k, 1),
    ok = py:shared_dict_set(SD, k, 1),
    1 = py:shared_dict_add(SD, n, 1),
    Versions = [receive {shared_dict, SD, {put, _, Version}} -> Version after 10000 -> nothing end || _ <- [1, 2, 3]],
    {ok, [Text, Number]} = py:eval(<<"[__import__('erlang').SharedDict(sd).version(k) for k in 'kn']">>, #{sd => SD}),
    ?assertMatch([First, Text, Number] when First < Text, Versions).

unsubscribe(_Config) ->
    SD = new(),
    {ok, Subscription} = py:shared_dict_subscribe(SD),
    ok = py:shared_dict_set(SD, k, 1),
    ?assertEqual({put, <<"k">>}, next(SD)),
    ok = py:shared_dict_unsubscribe(Subscription),
    ok = py:shared_dict_unsubscribe(Subscription),
    ok = py:shared_dict_set(SD, k, 1),
    {ok, _} = py:shared_dict_subscribe(SD),
    ok = py:shared_dict_set(SD, other, 1),
    ?assertEqual({put, <<"other">>}, next(SD)).

ends_with_the_subscriber(_Config) ->
    SD = new(),
    Self = self(),
    {Pid, Monitor} = spawn_monitor(fun() -> {ok, _} = py:shared_dict_subscribe(SD), Self ! ready, receive stop -> ok end end),
    receive ready -> ok end,
    ?assertEqual(1, length(of_dict(SD))),
    exit(Pid, kill),
    receive {'DOWN', Monitor, process, Pid, killed} -> ok end,
    py_ct:eventually(fun() -> of_dict(SD) =:= [] end).

of_dict(SD) -> [Sub || #{handle := Handle} = Sub <- py_tables:watches(), Handle =:= SD].

ends_with_the_dict(_Config) ->
    Self = self(),
    {Owner, _} = spawn_monitor(fun() -> Self ! {dict, new()}, receive stop -> ok end end),
    SD = receive {dict, Made} -> Made end,
    {ok, _} = py:shared_dict_subscribe(SD, {key, k}),
    exit(Owner, kill),
    ?assertEqual(destroyed, next(SD)),
    ?assertEqual([], of_dict(SD)),
    ?assertError(badarg, py:shared_dict_subscribe(SD)).

two_subscriptions(_Config) ->
    SD = new(),
    Other = new(),
    {ok, First} = py:shared_dict_subscribe(SD),
    {ok, Second} = py:shared_dict_subscribe(SD),
    {ok, _} = py:shared_dict_subscribe(Other),
    ok = py:shared_dict_set(SD, k, 1),
    ok = py:shared_dict_set(Other, k, 1),
    ?assertEqual([{put, <<"k">>}, {put, <<"k">>}], next(SD, 2)),
    ?assertEqual({put, <<"k">>}, next(Other)),
    ok = py:shared_dict_unsubscribe(First),
    ok = py:shared_dict_set(SD, k, 1),
    ?assertEqual({put, <<"k">>}, next(SD)),
    ok = py:shared_dict_unsubscribe(Second),
    ok = py:shared_dict_set(SD, k, 1),
    ok = py:shared_dict_set(Other, k, 1),
    ?assertEqual({put, <<"k">>}, next(Other)),
    ?assertEqual([], py_ct:flush()).

order_of_each_key(_Config) ->
    SD = new(),
    {ok, _} = py:shared_dict_subscribe(SD, all, #{max_queue => infinity}),
    Self = self(),
    Count = 200,
    Python = py:spawn_call(builtins, exec, [<<"from erlang import SharedDict\n"
                                              "for n in range(200): sd['python'] = n">>, #{<<"sd">> => SD}]),
    [spawn_link(fun() -> [ok = py:shared_dict_set(SD, Name, N) || N <- lists:seq(1, Count)], Self ! {done, Name} end)
     || Name <- [a, b, c]],
    [receive {done, Name} -> ok end || Name <- [a, b, c]],
    {ok, none} = py:await(Python),
    Told = [receive {shared_dict, SD, {put, Key, Version}} -> {Key, Version} after 10000 -> nothing end
            || _ <- lists:seq(1, 4 * Count)],
    [begin
         Versions = [Version || {Key, Version} <- Told, Key =:= Name],
         ?assertEqual(Count, length(Versions)),
         ?assertEqual(lists:sort(Versions), Versions)
     end || Name <- [<<"a">>, <<"b">>, <<"c">>, <<"python">>]],
    ?assertEqual([], py_ct:flush()).

%% Who does not read gets no more than so many messages, and is told.
overflow(_Config) ->
    SD = new(),
    {ok, _} = py:shared_dict_subscribe(SD, all, #{max_queue => 50}),
    [ok = py:shared_dict_set_many(SD, [{N, M} || N <- lists:seq(1, 100)]) || M <- lists:seq(1, 20)],
    py_ct:eventually(fun() -> {messages, M} = process_info(self(), messages), lists:member({shared_dict, SD, overflow}, M) end),
    {message_queue_len, Length} = process_info(self(), message_queue_len),
    ?assert(Length =< 60),
    ?assertEqual([{put, N} || N <- lists:seq(1, 10)], next(SD, 10)),
    _ = [next(SD) || _ <- lists:seq(11, 50)],
    ?assertEqual(overflow, next(SD)),
    py_ct:eventually(fun() ->
                             ok = py:shared_dict_set(SD, again, 1),
                             lists:member({put, <<"again">>}, [next(SD)])
                     end).

%% What py_watch has not seen is not sent; the table keeps it as long as there is room.
a_slow_node_costs_nothing(_Config) ->
    SD = new(),
    {ok, _} = py:shared_dict_subscribe(SD, all, #{max_queue => infinity}),
    ok = sys:suspend(py_watch),
    [ok = py:shared_dict_set_many(SD, [{<<N:800>>, M} || N <- lists:seq(1, 200)]) || M <- lists:seq(1, 20)],
    {message_queue_len, Waiting} = process_info(whereis(py_watch), message_queue_len),
    ok = sys:resume(py_watch),
    ?assert(Waiting < 5),
    ?assert(lists:member(overflow, done(SD))),
    ok = py:shared_dict_set(SD, k, 1),
    ?assertEqual({put, <<"k">>}, next(SD)).

the_table_dies(_Config) ->
    SD = new(),
    {ok, _} = py:shared_dict_subscribe(SD),
    py_ct:restart_table(),
    ?assertEqual(overflow, next(SD)),
    ok = py:shared_dict_set(SD, k, 1),
    ?assertEqual({put, <<"k">>}, next(SD)).

the_server_dies(_Config) ->
    SD = new(),
    {ok, Subscription} = py:shared_dict_subscribe(SD),
    Server = whereis(py_watch),
    exit(Server, kill),
    ?assertEqual(overflow, next(SD)),
    ok = py:shared_dict_set(SD, k, 1),
    ?assertEqual({put, <<"k">>}, next(SD)),
    ok = py:shared_dict_unsubscribe(Subscription),
    ok = py:shared_dict_set(SD, k, 1),
    ?assertEqual([], of_dict(SD)).

on_another_node(_Config) ->
    py_ct:with_peer(
      fun(_, Node) ->
              SD = new(),
              Self = self(),
              Pid = spawn(Node, fun() ->
                                        {ok, Subscription} = py:shared_dict_subscribe(SD, {key, k}),
                                        Self ! ready,
                                        receive {shared_dict, SD, {put, <<"k">>, _}} -> ok end,
                                        ok = py:shared_dict_unsubscribe(Subscription),
                                        {ok, _} = py:shared_dict_subscribe(SD, {key, other}),
                                        Self ! told,
                                        receive stop -> ok end
                                end),
              receive ready -> ok end,
              ok = py:shared_dict_set(SD, k, 1),
              receive told -> ok end,
              ?assertEqual(1, length(of_dict(SD))),
              Pid ! stop,
              py_ct:eventually(fun() -> of_dict(SD) =:= [] end)
      end).

wrong_arguments(_Config) ->
    SD = new(),
    [contains(Fun, Text)
     || {Fun, Text} <-
            [{fun() -> py:shared_dict_subscribe(nothing) end, <<"argument 1: not a SharedDict handle">>},
             {fun() -> py:shared_dict_subscribe(SD, some) end, <<"argument 2: must be all, {key, Key} or {prefix, Binary}">>},
             {fun() -> py:shared_dict_subscribe(SD, {prefix, 7}) end, <<"argument 2: must be all">>},
             {fun() -> py:shared_dict_subscribe(SD, {key, 1.0}) end, <<"argument 2: key must be">>},
             {fun() -> py:shared_dict_subscribe(SD, all, #{max_queue => 0}) end, <<"argument 3: must be a map">>},
             {fun() -> py:shared_dict_subscribe(SD, all, #{max => 1}) end, <<"argument 3: must be a map">>},
             {fun() -> py:shared_dict_unsubscribe(make_ref()) end, <<"argument 1: not what py:shared_dict_subscribe has">>}]].

contains(Fun, Wanted) ->
    {_, Text} = py_ct:badarg_text(Fun),
    ?assertNotEqual(nomatch, string:find(Text, Wanted), Text).

%%% Waiting

wait_until_it_is_so(_Config) ->
    SD = new(),
    ok = py:shared_dict_set(SD, k, 1),
    ?assertEqual({ok, 1}, py:shared_dict_wait(SD, k, 1, 0)),
    ?assertEqual({error, timeout}, py:shared_dict_wait(SD, k, 2, 0)),
    ?assertEqual({error, timeout}, py:shared_dict_wait(SD, missing, fun(_) -> error(called) end, 20)),
    Self = self(),
    _ = spawn_link(fun() -> Self ! {waited, py:shared_dict_wait(SD, k, fun(N) -> N > 50 end)} end),
    [ok = py:shared_dict_set(SD, k, N) || N <- lists:seq(1, 60)],
    {ok, N} = receive {waited, Waited} -> Waited end,
    ?assert(N > 50),
    ?assertError(oops, py:shared_dict_wait(SD, k, fun(_) -> error(oops) end, 1000)).

wait_for_python(_Config) ->
    SD = new(),
    Call = py:spawn_call(builtins, exec, [<<"from erlang import SharedDict\n"
                                            "for n in range(100): sd['answer'] = sd.wait('question', n, 60)">>,
                                          #{<<"sd">> => SD}]),
    [begin
         ok = py:shared_dict_set(SD, question, N),
         ?assertEqual({ok, N}, py:shared_dict_wait(SD, answer, N, 60000))
     end || N <- lists:seq(0, 99)],
    ?assertEqual({ok, none}, py:await(Call)).

wait_ends(_Config) ->
    SD = new(),
    Self = self(),
    {Pid, Monitor} = spawn_monitor(fun() -> Self ! ready, py:shared_dict_wait(SD, k, 1) end),
    receive ready -> ok end,
    ok = py:shared_dict_destroy(SD),
    receive {'DOWN', Monitor, process, Pid, {badarg, _}} -> ok end,
    ?assertError(badarg, py:shared_dict_wait(SD, k, 1, 1000)).

wait_leaves_nothing(_Config) ->
    SD = new(),
    {ok, Own} = py:shared_dict_subscribe(SD),
    [{error, timeout} = py:shared_dict_wait(SD, k, 1, 1) || _ <- lists:seq(1, 20)],
    ok = py:shared_dict_set(SD, k, 1),
    ?assertEqual({put, <<"k">>}, next(SD)),
    ?assertEqual(1, length(of_dict(SD))),
    ok = py:shared_dict_unsubscribe(Own),
    ?assertEqual([], py_ct:flush()),
    %% Nor a change that comes while it looks at the value, and finds it the wanted one.
    ?assertEqual({ok, 1}, py:shared_dict_wait(SD, k, fun(1) -> ok = py:shared_dict_set(SD, k, 2), has_mail() end, 10000)),
    ?assertEqual([], py_ct:flush()).

has_mail() -> py_ct:eventually(fun() -> process_info(self(), messages) =/= {messages, []} end).

wait_on_another_node(_Config) ->
    py_ct:with_peer(
      fun(_, Node) ->
              SD = new(),
              Self = self(),
              _ = spawn(Node, fun() -> Self ! ready, Self ! {waited, py:shared_dict_wait(SD, k, 1, 60000)} end),
              receive ready -> ok end,
              ok = py:shared_dict_set(SD, k, 1),
              ?assertEqual({ok, 1}, receive {waited, Waited} -> Waited end)
      end).

wait_wrong_arguments(_Config) ->
    SD = new(),
    [contains(fun() -> py:shared_dict_wait(SD, k, 1, Timeout) end, <<"argument 4: must be a number of milliseconds">>)
     || Timeout <- [-1, 1.0, 1 bsl 32, soon]],
    contains(fun() -> py:shared_dict_wait(SD, 1.0, 1, 10) end, <<"argument 2: key must be">>),
    contains(fun() -> py:shared_dict_wait(nothing, k, 1, 10) end, <<"argument 1: not a SharedDict handle">>).

%% Whoever writes is killed, over and over: what is in the dict was told, in order.
killed_writers(_Config) ->
    SD = new(),
    {ok, _} = py:shared_dict_subscribe(SD, all, #{max_queue => infinity}),
    [begin
         Call = py:spawn_call(builtins, exec, [<<"while True:\n"
                                                 "  for k in range(10): sd[k] = 'value' * k">>, #{<<"sd">> => SD}]),
         {put, _} = next_put(SD),
         Pid = py_ct:os_pid(),
         ok = py_ct:kill_9(Pid),
         {error, _} = py:await(Call),
         _ = py_ct:await_another(Pid)
     end || _ <- lists:seq(1, 5)],
    ok = py:shared_dict_set(SD, last, 1),
    Told = puts_until(SD, <<"last">>),
    [begin
         Versions = [Version || {Changed, Version} <- Told, Changed =:= Key],
         ?assertEqual(lists:sort(Versions), Versions)
     end || Key <- lists:seq(0, 9)].

next_put(SD) ->
    case next(SD) of
        {put, _} = Put -> Put;
        nothing -> nothing;
        _ -> next_put(SD)
    end.

puts_until(SD, Last) ->
    receive
        {shared_dict, SD, {put, Last, _}} -> [];
        {shared_dict, SD, {put, Key, Version}} -> [{Key, Version} | puts_until(SD, Last)];
        {shared_dict, SD, _} -> puts_until(SD, Last)
    after 10000 -> nothing
    end.

names_of_maps(_Config) ->
    {ok, SD} = shared_dict:new(),
    {ok, First} = shared_dict:subscribe(SD),
    {ok, Second} = shared_dict:subscribe(SD, {key, k}),
    {ok, Third} = shared_dict:subscribe(SD, {prefix, <<"x">>}, #{max_queue => 10}),
    ok = shared_dict:put(SD, k, 1),
    ?assertEqual([{put, <<"k">>}, {put, <<"k">>}], next(SD, 2)),
    [ok = shared_dict:unsubscribe(Subscription) || Subscription <- [First, Second, Third]],
    ?assertEqual({ok, 1}, shared_dict:wait(SD, k, 1)),
    ?assertEqual({error, timeout}, shared_dict:wait(SD, k, 2, 1)).
