%% Locks: a key that one holder has at a time, between Erlang processes and Python.
-module(py_lock_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([lock_and_unlock/1, another_waits/1, no_time/1, the_holder_dies/1, its_time_ends/1, never_by_the_wrong_holder/1, renew/1,
         python_holds_it/1, an_erlang_process_dies_that_holds_it_in_python/1,
         a_python_process_dies/1, python_waits/1, wrong_arguments/1, after_destroy/1, loses_nothing/1,
         on_another_node/1, a_holders_node_is_lost/1]).
-export([hold/2]).

-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {minutes, 3}}].

all() ->
    [lock_and_unlock, another_waits, no_time, the_holder_dies, its_time_ends, never_by_the_wrong_holder, renew, python_holds_it,
     an_erlang_process_dies_that_holds_it_in_python, a_python_process_dies, python_waits,
     wrong_arguments, after_destroy, loses_nothing, on_another_node, a_holders_node_is_lost].

init_per_suite(Config) -> py_ct:start(Config).

end_per_suite(Config) -> py_ct:stop(Config).

lock_and_unlock(_Config) ->
    SD = new(),
    {ok, #{fence := Fence} = Lock} = py:shared_dict_lock(SD, k),
    ?assert(py:shared_dict_is_key(SD, k)),
    ok = py:shared_dict_unlock(Lock),
    ?assertEqual(false, py:shared_dict_is_key(SD, k)),
    ?assertEqual({error, not_held}, py:shared_dict_unlock(Lock)),
    {ok, #{fence := Next} = Again} = py:shared_dict_lock(SD, <<"k">>, #{ttl => 60000, timeout => 0}),
    ?assert(Next > Fence),
    ok = py:shared_dict_unlock(Again).

another_waits(_Config) ->
    SD = new(),
    {ok, #{fence := Fence} = Lock} = py:shared_dict_lock(SD, k),
    {Waiter, Monitor} = spawn_monitor(fun() ->
                                              {ok, #{fence := Next}} = py:shared_dict_lock(SD, k),
                                              exit({fence, Next})
                                      end),
    ?assertEqual({error, timeout}, py:shared_dict_lock(SD, k, #{timeout => 20})),
    ok = py:shared_dict_unlock(Lock),
    receive {'DOWN', Monitor, process, Waiter, {fence, Next}} -> ?assert(Next > Fence) end.

no_time(_Config) ->
    SD = new(),
    {ok, Lock} = py:shared_dict_lock(SD, k),
    ?assertEqual({error, timeout}, py:shared_dict_lock(SD, k, #{timeout => 0})),
    ok = py:shared_dict_unlock(Lock),
    {messages, []} = process_info(self(), messages).

the_holder_dies(_Config) ->
    SD = new(),
    Holder = holder(SD, #{}),
    exit(Holder, kill),
    {ok, Lock} = py:shared_dict_lock(SD, k, #{timeout => 60000}),
    ok = py:shared_dict_unlock(Lock).

its_time_ends(_Config) ->
    SD = new(),
    {ok, #{fence := Fence} = Lost} = py:shared_dict_lock(SD, k, #{ttl => 20}),
    {ok, #{fence := Next} = Lock} = py:shared_dict_lock(SD, k, #{timeout => 60000}),
    ?assert(Next > Fence),
    ?assertEqual({error, not_held}, py:shared_dict_renew(Lost, #{ttl => 1000})),
    ?assertEqual({error, not_held}, py:shared_dict_unlock(Lost)),
    ok = py:shared_dict_unlock(Lock).

never_by_the_wrong_holder(_Config) ->
    SD = new(),
    {ok, Lost} = py:shared_dict_lock(SD, k, #{ttl => 20}),
    {ok, Lock} = py:shared_dict_lock(SD, k, #{timeout => 60000}),
    {error, not_held} = py:shared_dict_unlock(Lost),
    ?assert(py:shared_dict_is_key(SD, k)),
    ok = py:shared_dict_unlock(Lock).

renew(_Config) ->
    SD = new(),
    {ok, #{fence := Fence} = Lock} = py:shared_dict_lock(SD, k, #{ttl => 60000}),
    {ok, #{fence := Fence} = Brief} = py:shared_dict_renew(Lock, #{ttl => 20}),
    ?assertEqual({error, not_held}, py:shared_dict_unlock(Lock)),
    py_ct:eventually(fun() -> not py:shared_dict_is_key(SD, k) end, 60000),
    ?assertEqual({error, not_held}, py:shared_dict_renew(Brief, #{})).

%% In an interpreter of the node.
python_holds_it(_Config) ->
    SD = new(),
    ok = py:exec(<<"lock = sd.lock('k')\nlock.acquire()">>, #{sd => SD}),
    ?assertEqual({error, timeout}, py:shared_dict_lock(SD, k, #{timeout => 20})),
    ok = py:exec(<<"lock.release()">>),
    {ok, Lock} = py:shared_dict_lock(SD, k, #{timeout => 0}),
    ok = py:shared_dict_unlock(Lock).

%% What its code holds in Python goes with its namespace.
an_erlang_process_dies_that_holds_it_in_python(_Config) ->
    SD = new(),
    {Pid, Monitor} = spawn_monitor(fun() ->
                                           ok = py:exec(<<"lock = sd.lock('k')\nlock.acquire()">>, #{sd => SD}),
                                           {error, timeout} = py:shared_dict_lock(SD, k, #{timeout => 20})
                                   end),
    receive {'DOWN', Monitor, process, Pid, Why} -> ?assertEqual(normal, Why) end,
    {ok, Lock} = py:shared_dict_lock(SD, k, #{timeout => 60000}),
    ok = py:shared_dict_unlock(Lock).

a_python_process_dies(_Config) ->
    SD = new(),
    ok = py:start_pool(holder, #{isolation => process, size => 1}),
    ok = py:exec(holder, <<"lock = sd.lock('k')\nlock.acquire()">>, #{sd => SD}),
    {ok, Pid} = py:call(holder, os, getpid, []),
    ?assertEqual({error, timeout}, py:shared_dict_lock(SD, k, #{timeout => 20})),
    ok = py_ct:kill_9(Pid),
    {ok, Lock} = py:shared_dict_lock(SD, k, #{timeout => 60000}),
    ok = py:shared_dict_unlock(Lock),
    ok = py:stop_pool(holder).

python_waits(_Config) ->
    SD = new(),
    {ok, Lock} = py:shared_dict_lock(SD, k),
    Call = py:spawn_call(builtins, eval, [<<"(lambda lock: (lock.acquire(60), lock.release())[0])(sd.lock('k'))">>, #{sd => SD}]),
    py_ct:eventually(fun() -> lists:any(fun(#{busy := Busy}) -> Busy end, py_ct:interpreters(default)) end),
    ok = py:shared_dict_unlock(Lock),
    ?assertEqual({ok, true}, py:await(Call)).

wrong_arguments(_Config) ->
    SD = new(),
    [?assertError(badarg, py:shared_dict_lock(SD, k, Options))
     || Options <- [#{ttl => 0}, #{ttl => -1}, #{timeout => -1}, #{timeout => soon}, #{unknown => 1}, none]],
    ?assertError(badarg, py:shared_dict_lock(SD, {k})),
    ?assertError(badarg, py:shared_dict_lock(none, k)),
    ?assertError(badarg, py:shared_dict_unlock(none)),
    ok = py:shared_dict_set(SD, k, 1),
    ?assertError(badarg, py:shared_dict_lock(SD, k)),
    ?assertEqual(1, py:shared_dict_get(SD, k)).

after_destroy(_Config) ->
    SD = new(),
    {ok, Lock} = py:shared_dict_lock(SD, k),
    ok = py:shared_dict_destroy(SD),
    ?assertError(badarg, py:shared_dict_unlock(Lock)),
    ?assertError(badarg, py:shared_dict_lock(SD, k)).

%% Processes of both languages, some of which are killed, add to a number that only the lock guards.
loses_nothing(_Config) ->
    SD = new(),
    ok = py:shared_dict_set(SD, n, 0),
    Add = fun Add(0) -> ok;
              Add(Left) ->
                  {ok, Lock} = py:shared_dict_lock(SD, guard, #{timeout => 60000}),
                  ok = py:shared_dict_set(SD, n, py:shared_dict_get(SD, n) + 1),
                  ok = py:shared_dict_unlock(Lock),
                  Add(Left - 1)
          end,
    Adders = [spawn_monitor(fun() -> Add(50) end) || _ <- lists:seq(1, 4)],
    Code = <<"[[lock.__enter__(), sd.__setitem__('n', sd['n'] + 1), lock.__exit__(None, None, None)] "
             "for lock in [sd.lock('guard', timeout=60) for _ in range(100)]] and None">>,
    Call = py:spawn_call(builtins, eval, [Code, #{sd => SD}]),
    Holders = [spawn(fun() -> py:shared_dict_lock(SD, guard), receive after infinity -> ok end end) || _ <- lists:seq(1, 5)],
    Killer = spawn_monitor(fun() -> kill_when_held(SD, Holders) end),
    [receive {'DOWN', Monitor, process, Pid, Why} -> ?assertEqual(normal, Why) end || {Pid, Monitor} <- [Killer | Adders]],
    {ok, _} = py:await(Call),
    ?assertEqual(300, py:shared_dict_get(SD, n)).

%% Each of them holds the key for ever once it has it.
kill_when_held(_, []) -> ok;
kill_when_held(SD, Holders) ->
    timer:sleep(10),
    {Dying, Rest} = lists:split(1, Holders),
    [exit(Pid, kill) || Pid <- Dying],
    kill_when_held(SD, Rest).

%% The dict of another node.
on_another_node(_Config) ->
    py_ct:with_peer(
      fun(_, Node) ->
              {ok, _} = erpc:call(Node, application, ensure_all_started, [pyport]),
              {ok, SD} = erpc:call(Node, py, shared_dict_open, [there, #{create => true}]),
              There = fun(Function, Args) -> erpc:call(Node, py, Function, [SD | Args]) end,
              {ok, #{fence := Fence} = Lock} = py:shared_dict_lock(SD, k, #{ttl => 60000}),
              ?assertEqual({error, timeout}, There(shared_dict_lock, [k, #{timeout => 0}])),
              {ok, #{fence := Fence} = Renewed} = py:shared_dict_renew(Lock, #{}),
              ?assertEqual({error, not_held}, py:shared_dict_unlock(Lock)),
              ok = py:shared_dict_unlock(Renewed),
              Holder = holder(SD, #{}, other),
              ?assertEqual({error, timeout}, There(shared_dict_lock, [other, #{timeout => 20}])),
              exit(Holder, kill),
              {ok, #{fence := Next}} = There(shared_dict_lock, [other, #{timeout => 60000}]),
              ?assert(Next > Fence),
              ?assertError(badarg, py:shared_dict_lock(SD, {no, key})),
              ?assertExit({port_down, _}, begin ok = erpc:call(Node, application, stop, [pyport]), py:shared_dict_lock(SD, k) end)
      end).

%% What one holds on another node ends with one's own node.
a_holders_node_is_lost(_Config) ->
    SD = new(),
    py_ct:with_peer(
      fun(Peer, Node) ->
              Test = self(),
              _ = erpc:call(Node, erlang, spawn, [?MODULE, hold, [Test, SD]]),
              receive held -> ok end,
              ?assertEqual({error, timeout}, py:shared_dict_lock(SD, k, #{timeout => 20})),
              ok = peer:stop(Peer),
              {ok, Lock} = py:shared_dict_lock(SD, k, #{timeout => 60000}),
              ok = py:shared_dict_unlock(Lock)
      end).

hold(Test, SD) ->
    {ok, _} = py:shared_dict_lock(SD, k),
    Test ! held,
    receive after infinity -> ok end.

holder(SD, Options) -> holder(SD, Options, k).

holder(SD, Options, Key) ->
    Test = self(),
    Holder = spawn(fun() ->
                           {ok, _} = py:shared_dict_lock(SD, Key, Options),
                           Test ! {self(), held},
                           receive after infinity -> ok end
                   end),
    receive {Holder, held} -> Holder end.

new() ->
    {ok, SD} = py:shared_dict_new(),
    SD.
