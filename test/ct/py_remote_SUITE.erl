%% Handles on other nodes: the operation is carried to the handle's node, with the same results and errors.
-module(py_remote_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([all_operations/1, same_errors/1, error_says_why/1, default_stays_at_home/1, values_keep_their_pids/1,
         handle_of_another_node/1, port_down_there/1, not_started_there/1, node_down/1, node_that_never_was/1,
         destroyed_there/1, carried_once/1]).
-export([start_there/0, keep_a_dict/1]).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {minutes, 2}}].

all() ->
    [all_operations, same_errors, error_says_why, default_stays_at_home, values_keep_their_pids,
     handle_of_another_node, port_down_there, not_started_there, node_down, node_that_never_was,
     destroyed_there, carried_once].

init_per_suite(Config) -> py_ct:start(Config, [{max_frame, 4 bsl 20}]).

end_per_suite(Config) -> py_ct:stop(Config).

%% A dict of this node, used from another, where pyport does not even run.
all_operations(_Config) ->
    py_ct:with_peer(
      fun(_, Node) ->
              {ok, SD} = py:shared_dict_new(),
              There = fun(Function, Args) -> erpc:call(Node, py, Function, [SD | Args]) end,
              ?assertEqual(ok, There(shared_dict_set, [<<"k">>, #{a => 1}])),
              ?assertEqual(#{<<"a">> => 1}, There(shared_dict_get, [<<"k">>])),
              ?assertEqual(#{<<"a">> => 1}, py:shared_dict_get(SD, k)),
              ?assertEqual(undefined, There(shared_dict_get, [no])),
              ?assertEqual(default, There(shared_dict_get, [no, default])),
              ?assertEqual(ok, There(shared_dict_set, [7, x])),
              ?assertEqual([<<"k">>, 7], There(shared_dict_keys, [])),
              ?assertEqual(ok, There(shared_dict_del, [7])),
              ?assertEqual(ok, There(shared_dict_del, [7])),
              ?assertEqual([<<"k">>], There(shared_dict_keys, [])),
              ?assertEqual(ok, There(shared_dict_destroy, [])),
              ?assertEqual(ok, There(shared_dict_destroy, [])),
              ?assertError(badarg, py:shared_dict_keys(SD)),
              ?assertError({exception, badarg, _}, There(shared_dict_keys, []))
      end).

same_errors(_Config) ->
    py_ct:with_peer(
      fun(_, Node) ->
              {ok, SD} = py:shared_dict_new(),
              There = fun(Function, Args) -> erpc:call(Node, py, Function, [SD | Args]) end,
              ?assertEqual({error, {bad_term, [<<"a">>], duplicate_key}}, There(shared_dict_set, [k, #{a => 1, <<"a">> => 2}])),
              ?assertMatch({error, {frame_too_large, _, 4194304}}, There(shared_dict_set_many, [#{k => binary:copy(<<0>>, 5 bsl 20)}])),
              ?assertError({exception, badarg, _}, There(shared_dict_get, [{no, key}])),
              ?assertError({exception, badarg, _}, There(shared_dict_set, [1 bsl 64, x]))
      end).

%% The explanation stands on the function that the caller called, on the caller's node.
error_says_why(_Config) ->
    py_ct:with_peer(
      fun(_, Node) ->
              {ok, SD} = py:shared_dict_new(),
              ok = py:shared_dict_destroy(SD),
              {{py, shared_dict_get, [SD, <<"k">>], _}, Text} =
                  erpc:call(Node, py_ct, badarg_text, [fun() -> py:shared_dict_get(SD, <<"k">>) end]),
              ?assertNotEqual(nomatch, binary:match(Text, <<"the SharedDict has been destroyed">>))
      end).

%% It may be a term that would mean another thing elsewhere.
default_stays_at_home(_Config) ->
    py_ct:with_peer(
      fun(_, Node) ->
              {ok, SD} = py:shared_dict_new(),
              ?assert(erpc:call(Node, fun() ->
                                              Default = make_ref(),
                                              py:shared_dict_get(SD, no, Default) =:= Default
                                      end))
      end).

values_keep_their_pids(_Config) ->
    py_ct:with_peer(
      fun(_, Node) ->
              {ok, SD} = py:shared_dict_new(),
              There = erpc:call(Node, fun() ->
                                              ok = py:shared_dict_set(SD, pid, [self(), SD]),
                                              self()
                                      end),
              ?assertEqual([There, SD], py:shared_dict_get(SD, pid))
      end).

%% The other way round: pyport runs there too, and makes a dict that is used here.
handle_of_another_node(_Config) ->
    py_ct:with_peer(
      fun(_, Node) ->
              {Owner, SD} = dict_of(Node),
              ok = py:shared_dict_set(SD, k, here),
              ?assertEqual(<<"here">>, py:shared_dict_get(SD, k)),
              ?assertEqual(<<"here">>, erpc:call(Node, py, shared_dict_get, [SD, k])),
              ?assertEqual([<<"k">>], py:shared_dict_keys(SD)),
              %% it is no dict of this node
              ?assertNot(lists:member(SD, [py_handle:of_bits(Bits) || {Bits, _, _} <- py_tables:dicts()])),
              exit(Owner, kill),
              py_ct:await_gone(SD)
      end).

port_down_there(_Config) ->
    py_ct:with_peer(
      fun(_, Node) ->
              {_, SD} = dict_of(Node),
              ok = erpc:call(Node, application, stop, [pyport]),
              ?assertExit({port_down, _}, py:shared_dict_get(SD, k)),
              ?assertExit({port_down, _}, py:shared_dict_set(SD, k, 1))
      end).

not_started_there(_Config) ->
    py_ct:with_peer(
      fun(_, Node) ->
              SD = erpc:call(Node, py_handle, of_bits, [<<1:128>>]),
              ?assertExit({port_down, not_started}, py:shared_dict_get(SD, k))
      end),
    %% a node without any pyport
    {ok, Peer, Node} = peer:start(#{name => peer:random_name(), wait_boot => 60000}),
    ?assertExit({port_down, {Node, not_started}}, py:shared_dict_get({'$pyport_dict', Node, <<1:128>>}, k)),
    peer:stop(Peer).

node_down(_Config) ->
    SD = py_ct:with_peer(fun(_, Node) -> {_, SD} = dict_of(Node), SD end),
    {'$pyport_dict', Node, _} = SD,
    [?assertExit({nodedown, Node}, apply(py, Function, [SD | Args]))
     || {Function, Args} <- [{shared_dict_get, [k]}, {shared_dict_get, [k, default]}, {shared_dict_set, [k, 1]},
                             {shared_dict_del, [k]}, {shared_dict_keys, []}, {shared_dict_destroy, []}]].

node_that_never_was(_Config) ->
    ?assertExit({nodedown, 'nobody@nowhere.invalid'},
                py:shared_dict_get({'$pyport_dict', 'nobody@nowhere.invalid', <<1:128>>}, k)).

destroyed_there(_Config) ->
    py_ct:with_peer(
      fun(_, Node) ->
              {_, SD} = dict_of(Node),
              ok = py:shared_dict_destroy(SD),
              {_, Text} = py_ct:badarg_text(fun() -> py:shared_dict_get(SD, k) end),
              ?assertNotEqual(nomatch, binary:match(Text, <<"the SharedDict has been destroyed">>))
      end).

%% A node that is asked for a dict which is not its own, since it was renamed meanwhile, asks no further one.
carried_once(_Config) ->
    ?assertEqual({badarg, {1, destroyed}}, py_dict:serve(get, {'$pyport_dict', 'nobody@nowhere.invalid', <<1:128>>}, [<<"k">>])).

%%% Helpers

dict_of(Node) ->
    ok = erpc:call(Node, ?MODULE, start_there, []),
    Owner = spawn(Node, ?MODULE, keep_a_dict, [self()]),
    receive {Owner, SD} -> {Owner, SD} end.

start_there() ->
    _ = application:load(pyport),
    ok = application:set_env(pyport, interpreters, 1),
    {ok, _} = application:ensure_all_started(pyport),
    ok.

keep_a_dict(Test) ->
    {ok, SD} = py:shared_dict_new(),
    Test ! {self(), SD},
    receive after infinity -> ok end.
