%% Values that travel in parts: larger than a frame, larger than what others should wait for.
-module(py_parts_SUITE).

-include_lib("stdlib/include/assert.hrl").
-include_lib("common_test/include/ct.hrl").

-export([all/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([set_and_get/1, text_is_text/1, parts_that_break_characters/1, python_sees_them/1, python_writes_them/1, edges/1,
         other_values/1, objects/1, bombs/1, bad_ones/1,
         replaced_at_once/1, the_killed_leave_nothing/1, destroyed_on_the_way/1, others_go_on/1,
         other_nodes/1]).

-define(FRAME, 65536).
-define(LARGE, 5_000_000).

all() ->
    [set_and_get, text_is_text, parts_that_break_characters, python_sees_them, python_writes_them, edges,
     other_values, objects, bombs, bad_ones, replaced_at_once, the_killed_leave_nothing, destroyed_on_the_way, others_go_on, other_nodes].

init_per_suite(Config) -> py_ct:start(Config, [{max_frame, ?FRAME}, {max_key_bytes, 2000}, {max_dict_bytes, 60_000_000}]).
end_per_suite(Config) -> py_ct:stop(Config).

init_per_testcase(_Case, Config) ->
    {ok, SD} = py:shared_dict_new(),
    [{dict, SD} | Config].

end_per_testcase(_Case, Config) -> py:shared_dict_destroy(?config(dict, Config)).

bytes(Size) -> binary:copy(<<255, 1, 2, 3, 4, 5, 6>>, Size div 7).

set_and_get(Config) ->
    SD = ?config(dict, Config),
    Large = bytes(?LARGE),
    ok = py:shared_dict_set(SD, k, Large),
    ?assertEqual(Large, py:shared_dict_get(SD, k)),
    ok = py:shared_dict_set(SD, 7, {bytes, Large}),
    ?assertEqual(Large, py:shared_dict_get(SD, 7)),
    ?assertMatch(#{pinned := 0}, py:info(SD)).

text_is_text(Config) ->
    SD = ?config(dict, Config),
    Text = binary:copy(<<"käse "/utf8>>, 100_000),
    ok = py:shared_dict_set(SD, text, Text),
    ok = py:shared_dict_set(SD, bytes, {bytes, Text}),
    ok = py:shared_dict_set(SD, no_text, <<Text/binary, 255>>),
    ?assertEqual({ok, [<<"str">>, <<"bytes">>, <<"bytes">>]},
                 py:eval(<<"[type(sd[k]).__name__ for k in ('text', 'bytes', 'no_text')]">>, #{sd => SD})).

%% Whatever byte of a character a part ends with.
parts_that_break_characters(Config) ->
    SD = ?config(dict, Config),
    [begin
         Text = <<(binary:copy(<<"x">>, N))/binary, (binary:copy(<<"🐍"/utf8>>, 50_000))/binary>>,
         ok = py:shared_dict_set(SD, N, Text),
         ?assertEqual({ok, N + 50_000}, py:eval(<<"len(sd[n])">>, #{sd => SD, n => N})),
         ?assertEqual(Text, py:shared_dict_get(SD, N))
     end || N <- lists:seq(0, 3)].

python_sees_them(Config) ->
    SD = ?config(dict, Config),
    Large = bytes(?LARGE),
    ok = py:shared_dict_set(SD, k, Large),
    Hash = binary:encode_hex(crypto:hash(sha256, Large)),
    ?assertEqual({ok, Hash}, py:eval(<<"__import__('hashlib').sha256(sd.view('k')).hexdigest().upper()">>, #{sd => SD})),
    ?assertEqual({ok, byte_size(Large)}, py:eval(<<"len(sd['k'])">>, #{sd => SD})).

python_writes_them(Config) ->
    SD = ?config(dict, Config),
    {ok, none} = py:eval(<<"sd.update({'b': bytes(range(256)) * 4000, 's': 'süß' * 100_000, 'y': bytearray(300_000)})"/utf8>>,
                         #{sd => SD}),
    ?assertEqual(binary:copy(list_to_binary(lists:seq(0, 255)), 4000), py:shared_dict_get(SD, b)),
    ?assertEqual(binary:copy(<<"süß"/utf8>>, 100_000), py:shared_dict_get(SD, s)),
    ?assertMatch({py_object, <<"bytearray">>, <<_:300_000/binary, _/binary>>}, py:shared_dict_get(SD, y)).

%% Around the size from which on they go in parts.
edges(Config) ->
    SD = ?config(dict, Config),
    [begin
         Binary = binary:copy(<<200>>, Size),
         ok = py:shared_dict_set(SD, Key, Binary),
         ?assertEqual(Binary, py:shared_dict_get(SD, Key))
     end || Size <- lists:seq(?FRAME - 130, ?FRAME + 40, 3) ++ [2 * ?FRAME, 2 * (?FRAME - 64)],
            Key <- [1, <<"k">>, binary:copy(<<"k">>, 1000)]].

other_values(Config) ->
    SD = ?config(dict, Config),
    Large = bytes(?LARGE),
    [begin
         ok = py:shared_dict_set(SD, k, Value),
         ?assertEqual(Value, py:shared_dict_get(SD, k))
     end || Value <- [[Large], #{<<"a">> => Large, 1 => [1.5]}, {Large, Large}, lists:seq(1, 100_000),
                      maps:from_list([{N, integer_to_binary(N)} || N <- lists:seq(1, 20_000)]), -1 bsl 1_000_000]],
    ?assertMatch(#{pinned := 0, keys := 1}, py:info(SD)).

objects(Config) ->
    SD = ?config(dict, Config),
    {ok, none} = py:eval(<<"sd.update({'n': set(range(100_000)), 'm': [1, bytearray(b'x' * 300_000)]})">>, #{sd => SD}),
    Set = {py_object, <<"set">>, _} = py:shared_dict_get(SD, n),
    ?assertEqual(lists:seq(0, 99_999), lists:sort(sets:to_list(py:shared_dict_get(SD, n, undefined, #{convert => [set]})))),
    ok = py:shared_dict_set(SD, again, Set),
    ?assertEqual({ok, true}, py:eval(<<"sd['again'] == sd['n']">>, #{sd => SD})),
    Pickled = py:shared_dict_get(SD, m),
    ok = py:shared_dict_set(SD, again, Pickled),
    ?assertEqual({ok, true}, py:eval(<<"sd['again'] == sd['m']">>, #{sd => SD})).

%% A few bytes that stand for billions end in an error, not in the end of the memory.
bombs(Config) ->
    SD = ?config(dict, Config),
    {ok, none} = py:eval(<<"sd.update({'bomb': (a := [[0] * 1000]) and (b := [a * 1000]) and [b * 1000]})">>, #{sd => SD}),
    ?assertMatch({error, {frame_too_large, Bytes, Max}} when Bytes > Max, py:shared_dict_get(SD, bomb)),
    ok = py:shared_dict_set(SD, small, 1),
    ?assertEqual(1, py:shared_dict_get(SD, small)).

bad_ones(Config) ->
    SD = ?config(dict, Config),
    Large = bytes(?LARGE),
    ok = py:shared_dict_set(SD, k, 1),
    Before = used(),
    ?assertError(badarg, py:shared_dict_set(SD, {no, key}, Large)),
    [begin
         ?assertEqual({error, {table_full, max_key_bytes}}, py:shared_dict_set(SD, binary:copy(<<"k">>, 2001), Value)),
         ?assertMatch({error, {frame_too_large, _, ?FRAME}}, py:shared_dict_set(SD, binary:copy(<<"k">>, ?FRAME), Value)),
         ?assertMatch({error, {table_full, _}}, py:shared_dict_set(SD, k, lists:duplicate(13, Value)))
     end || Value <- [Large, [Large]]],
    ?assertEqual({error, {bad_term, [2, <<"1.0">>], duplicate_key}}, py:shared_dict_set(SD, k, [Large, #{1 => 1, 1.0 => 2}])),
    Deep = lists:foldl(fun(_, Inner) -> [Inner] end, Large, lists:seq(1, 600)),
    ?assertMatch({error, {bad_term, [1 | _], depth}}, py:shared_dict_set(SD, k, Deep)),
    ?assertEqual(1, py:shared_dict_get(SD, k)),
    ?assertMatch(#{pinned := 0, keys := 1}, py:info(SD)),
    ?assertEqual(Before, used()).

%% Bytes of the table that are taken.
used() ->
    #{used := Used} = py:info(),
    Used.

%% Readers see one whole value or another.
replaced_at_once(Config) ->
    SD = ?config(dict, Config),
    Values = [binary:copy(<<N>>, 300_000 + N) || N <- lists:seq(200, 203)],
    ok = py:shared_dict_set(SD, k, hd(Values)),
    Writers = [spawn_monitor(fun() -> [ok = py:shared_dict_set(SD, k, Value) || _ <- lists:seq(1, 30)] end) || Value <- Values],
    [?assert(lists:member(py:shared_dict_get(SD, k), Values)) || _ <- lists:seq(1, 100)],
    [receive {'DOWN', Monitor, process, Pid, Reason} -> ?assertEqual(normal, Reason) end || {Pid, Monitor} <- Writers].

%% What a writer had begun when it was killed is not seen, and not more than its place is taken until it is forgotten.
the_killed_leave_nothing(Config) ->
    SD = ?config(dict, Config),
    ok = py:shared_dict_set(SD, k, 1),
    Large = bytes(?LARGE),
    [begin
         {Pid, Monitor} = spawn_monitor(fun() -> py:shared_dict_set(SD, k, Large) end),
         erlang:yield(),
         exit(Pid, kill),
         receive {'DOWN', Monitor, process, Pid, _} -> ok end,
         ?assert(lists:member(py:shared_dict_get(SD, k), [1, Large]))
     end || _ <- lists:seq(1, 20)],
    ok = py:shared_dict_set(SD, k, 2),
    ?assertEqual(2, py:shared_dict_get(SD, k)).

destroyed_on_the_way(Config) ->
    Large = bytes(?LARGE),
    [begin
         {ok, SD} = py:shared_dict_new(),
         ok = py:shared_dict_set(SD, k, Large),
         Self = self(),
         {Pid, Monitor} = spawn_monitor(fun() ->
                                            Self ! ready,
                                            exit({got, [catch py:shared_dict_get(SD, k), catch py:shared_dict_set(SD, k, Large)]})
                                        end),
         receive ready -> ok end,
         ok = py:shared_dict_destroy(SD),
         receive
             {'DOWN', Monitor, process, Pid, {got, [Got, Set]}} ->
                 ?assert(Got =:= Large orelse is_badarg(Got)),
                 ?assert(Set =:= ok orelse is_badarg(Set))
         end
     end || _ <- lists:seq(1, 5)],
    ?assertMatch(#{pinned := 0}, py:info(?config(dict, Config))).

is_badarg({'EXIT', {badarg, _}}) -> true;
is_badarg(_) -> false.

%% Small operations of others are answered while a large binary is on its way.
others_go_on(Config) ->
    SD = ?config(dict, Config),
    Large = binary:copy(<<1>>, 50_000_000),
    {Pid, Monitor} = spawn_monitor(fun() -> ok = py:shared_dict_set(SD, large, Large) end),
    Answered = count_until_down(SD, Monitor, 0),
    ct:pal("~b small operations while 50 MB were set in parts of ~b bytes", [Answered, ?FRAME]),
    ?assert(Answered > 50),
    ?assertEqual(false, is_process_alive(Pid)),
    ?assertEqual(Large, py:shared_dict_get(SD, large)).

count_until_down(SD, Monitor, N) ->
    receive
        {'DOWN', Monitor, process, _, Reason} -> ?assertEqual(normal, Reason), N
    after 0 ->
        ok = py:shared_dict_set(SD, small, N),
        count_until_down(SD, Monitor, N + 1)
    end.

%% The handle's node takes the parts, whoever asks.
other_nodes(_Config) ->
    Large = bytes(300_000),
    py_ct:with_peer(
      fun(_, Node) ->
          {ok, SD} = py:shared_dict_new(),
          ok = erpc:call(Node, py, shared_dict_set, [SD, k, Large]),
          ?assertEqual(Large, erpc:call(Node, py, shared_dict_get, [SD, k])),
          ok = py:shared_dict_destroy(SD)
      end).
