%% SharedDict from Erlang, as its documentation says.
-module(py_dict_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([quick_start/1, missing/1, default_is_the_same_term/1, order_of_keys/1, kinds_of_keys/1, wrong_keys/1,
         delete_is_idempotent/1, destroy_is_idempotent/1, after_destroy/1, after_destroy_by_python/1,
         not_a_handle/1, conversions/1, from_python/1, opaque_objects/1, inconvertible/1, depth/1, old_value_stays/1,
         sizes/1, frame_too_large/1, reply_too_large/1, handles_in_dicts/1, other_processes/1, many_dicts/1,
         concurrent_writers/1, max_key_bytes/1, max_dict_keys/1, max_dict_bytes/1, max_dicts/1, max_table_bytes/1,
         many_keys/1, many_keys_of_other_kinds/1, many_wrong_keys/1, many_or_nothing/1, many_large_values/1, many_at_one_moment/1,
         small_shared_memory/1, isolation/1, mailbox_is_left_alone/1, not_running/1]).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {minutes, 2}}].

all() ->
    [quick_start, missing, default_is_the_same_term, order_of_keys, kinds_of_keys, wrong_keys,
     delete_is_idempotent, destroy_is_idempotent, after_destroy, after_destroy_by_python,
     not_a_handle, conversions, from_python, opaque_objects, inconvertible, depth, old_value_stays,
     sizes, frame_too_large, reply_too_large, handles_in_dicts, other_processes, many_dicts,
     concurrent_writers, max_key_bytes, max_dict_keys, max_dict_bytes, max_dicts, max_table_bytes,
     many_keys, many_keys_of_other_kinds, many_wrong_keys, many_or_nothing, many_large_values, many_at_one_moment,
     small_shared_memory, isolation, mailbox_is_left_alone, not_running].

init_per_suite(Config) -> py_ct:start(Config, [{max_frame, 16 bsl 20}]).

end_per_suite(Config) -> py_ct:stop(Config).

quick_start(_Config) ->
    {ok, SD} = py:shared_dict_new(),
    ok = py:shared_dict_set(SD, <<"config">>, #{host => <<"localhost">>, port => 8080}),
    ?assertEqual(#{<<"host">> => <<"localhost">>, <<"port">> => 8080}, py:shared_dict_get(SD, <<"config">>)),
    ?assertEqual(default_value, py:shared_dict_get(SD, <<"missing">>, default_value)),
    ?assertEqual([<<"config">>], py:shared_dict_keys(SD)),
    ?assertEqual(ok, py:shared_dict_del(SD, <<"config">>)),
    ?assertEqual([], py:shared_dict_keys(SD)),
    ?assertEqual(ok, py:shared_dict_destroy(SD)).

missing(_Config) ->
    SD = new(),
    ?assertEqual(undefined, py:shared_dict_get(SD, <<"no">>)),
    %% a stored None is no missing key
    ok = py:shared_dict_set(SD, <<"none">>, undefined),
    ?assertEqual(none, py:shared_dict_get(SD, <<"none">>)),
    ?assertEqual(none, py:shared_dict_get(SD, <<"none">>, default)).

%% It need not be anything that Python could hold.
default_is_the_same_term(_Config) ->
    SD = new(),
    [?assertEqual(Default, py:shared_dict_get(SD, <<"no">>, Default))
     || Default <- [make_ref(), fun() -> SD end, <<1:3>>, [a | b], undefined, #{a => 1, <<"a">> => 2}, atom, "string"]].

order_of_keys(_Config) ->
    SD = new(),
    Set = fun(Key) -> ok = py:shared_dict_set(SD, Key, 1) end,
    lists:foreach(Set, [<<"z">>, 3, <<"a">>, <<>>, -1, <<"m">>]),
    Set(<<"a">>),
    ?assertEqual([<<"z">>, 3, <<"a">>, <<>>, -1, <<"m">>], py:shared_dict_keys(SD)),
    ok = py:shared_dict_del(SD, 3),
    ok = py:shared_dict_del(SD, <<"z">>),
    Set(<<"z">>),
    ?assertEqual([<<"a">>, <<>>, -1, <<"m">>, <<"z">>], py:shared_dict_keys(SD)).

kinds_of_keys(_Config) ->
    SD = new(),
    %% an atom means its name
    ok = py:shared_dict_set(SD, port, 1),
    ?assertEqual(1, py:shared_dict_get(SD, <<"port">>)),
    ok = py:shared_dict_set(SD, <<"port">>, 2),
    ?assertEqual(2, py:shared_dict_get(SD, port)),
    ok = py:shared_dict_set(SD, 'süß', 3),
    ?assertEqual(3, py:shared_dict_get(SD, <<"süß"/utf8>>)),
    %% an integer is no text
    ok = py:shared_dict_set(SD, 1, one),
    ?assertEqual(undefined, py:shared_dict_get(SD, <<"1">>)),
    [begin
         ok = py:shared_dict_set(SD, Key, Key),
         ?assertEqual(Key, py:shared_dict_get(SD, Key))
     end || Key <- [0, -1, 255, 256, 1 bsl 31, -(1 bsl 31) - 1, (1 bsl 63) - 1, -(1 bsl 63)]],
    %% any bytes, up to 65535 of them
    [begin
         ok = py:shared_dict_set(SD, Key, found),
         ?assertEqual(<<"found">>, py:shared_dict_get(SD, Key))
     end || Key <- [<<>>, <<0>>, <<255, 254>>, binary:copy(<<"k">>, 65535)]],
    Long = binary:copy(<<"k">>, 65536),
    ?assertEqual({error, {table_full, max_key_bytes}}, py:shared_dict_set(SD, Long, 1)),
    ?assertEqual(undefined, py:shared_dict_get(SD, Long)),
    ?assertEqual({ok, 2}, py:eval(<<"__import__('erlang').SharedDict(sd)['port']">>, #{sd => SD})).

wrong_keys(_Config) ->
    SD = new(),
    [begin
         {{py, shared_dict_get, [SD, Key], _}, Text} = py_ct:badarg_text(fun() -> py:shared_dict_get(SD, Key) end),
         contains(Text, <<"argument 2: key must be a binary, an atom or a 64-bit integer">>),
         ?assertError(badarg, py:shared_dict_set(SD, Key, 1)),
         ?assertError(badarg, py:shared_dict_del(SD, Key)),
         ?assertError(badarg, py:shared_dict_get(SD, Key, default))
     end || Key <- ["string", 1.0, {a}, #{}, [], 1 bsl 63, -(1 bsl 63) - 1, self(), make_ref(), <<1:3>>]],
    ?assertEqual([], py:shared_dict_keys(SD)).

delete_is_idempotent(_Config) ->
    SD = new(),
    ok = py:shared_dict_set(SD, k, 1),
    ?assertEqual(ok, py:shared_dict_del(SD, k)),
    ?assertEqual(ok, py:shared_dict_del(SD, k)),
    ?assertEqual(ok, py:shared_dict_del(SD, never_there)),
    ?assertEqual(undefined, py:shared_dict_get(SD, k)).

destroy_is_idempotent(_Config) ->
    SD = new(),
    ?assertEqual(ok, py:shared_dict_destroy(SD)),
    ?assertEqual(ok, py:shared_dict_destroy(SD)).

operations(SD) ->
    [{shared_dict_get, [SD, <<"k">>]}, {shared_dict_get, [SD, <<"k">>, default]}, {shared_dict_set, [SD, <<"k">>, 2]},
     {shared_dict_del, [SD, <<"k">>]}, {shared_dict_keys, [SD]}].

all_say(SD, Words) ->
    [begin
         {Top, Text} = py_ct:badarg_text(fun() -> apply(py, Function, Args) end),
         ?assertMatch({py, Function, Args, _}, Top),
         contains(Text, <<"argument 1: ", Words/binary>>)
     end || {Function, Args} <- operations(SD)].

after_destroy(_Config) ->
    SD = new(),
    ok = py:shared_dict_set(SD, k, 1),
    ok = py:shared_dict_destroy(SD),
    all_say(SD, <<"the SharedDict has been destroyed">>),
    %% and stays so, whatever is made anew
    _ = [new() || _ <- lists:seq(1, 10)],
    all_say(SD, <<"the SharedDict has been destroyed">>).

after_destroy_by_python(_Config) ->
    SD = new(),
    ok = py:exec(<<"from erlang import SharedDict\nSharedDict(sd).destroy()">>, #{sd => SD}),
    all_say(SD, <<"the SharedDict has been destroyed">>),
    ?assertEqual(ok, py:shared_dict_destroy(SD)).

not_a_handle(_Config) ->
    [begin
         all_say(Term, <<"not a SharedDict handle">>),
         ?assertError(badarg, py:shared_dict_destroy(Term)),
         ?assertError(badarg, py:shared_dict_get(Term, {wrong, key, too}))
     end || Term <- [nonsense, <<1:128>>, {'$pyport_dict', node(), <<1:64>>}, self(), #{}, []]],
    %% a handle that nobody made
    all_say({'$pyport_dict', node(), <<0:128>>}, <<"the SharedDict has been destroyed">>).

conversions(_Config) ->
    SD = new(),
    [begin
         ok = py:shared_dict_set(SD, k, In),
         ?assertEqual({In, Out}, {In, py:shared_dict_get(SD, k)}),
         %% and once more through Python itself
         {ok, Again} = py:eval(<<"x">>, #{x => In}),
         ?assertEqual({In, Out}, {In, Again})
     end || {In, Out} <- table() ++ [{Same, Same} || Same <- same()]].

table() ->
    [{undefined, none}, {none, none}, {nil, none},
     {atom, <<"atom">>}, {'süß', <<"süß"/utf8>>}, {'', <<>>},
     {{bytes, <<"x">>}, <<"x">>}, {{bytes, <<>>}, <<>>},
     {#{host => 1, 2 => b}, #{<<"host">> => 1, 2 => <<"b">>}},
     {[undefined, {a, #{b => nil}}], [none, {<<"a">>, #{<<"b">> => none}}]},
     {"string", "string"}].

same() ->
    [true, false, 0, 1, -1, 255, 256, 1 bsl 31, -(1 bsl 31), 1 bsl 62, 1 bsl 63, -(1 bsl 64), 1 bsl 4000, -(1 bsl 4000),
     0.0, 1.5, -1.0e300, 5.0e-324,
     <<>>, <<"text">>, <<"süß"/utf8>>, <<255, 0, 128>>, binary:copy(<<"x">>, 1000),
     [], [1, 2, 3], lists:seq(0, 300), [[], [[]], <<"a">>], {}, {1}, {1, {2, [3]}}, list_to_tuple(lists:seq(1, 300)),
     #{}, #{<<"a">> => #{<<"b">> => [1, {2}]}}, #{1 => 1, {1, <<"t">>} => 2, 1.5 => 3}, #{true => 4},
     self(), make_ref(), hd(erlang:ports()), fun lists:map/2, fun(X) -> {X, self()} end, <<5:3>>, [1 | 2],
     [self(), #{<<"ref">> => make_ref()}]].

from_python(_Config) ->
    SD = new(),
    ok = py:exec(<<"from erlang import SharedDict\n"
                   "sd = SharedDict(handle)\n"
                   "sd['none'] = None\nsd['inf'] = float('inf')\nsd['ninf'] = float('-inf')\nsd['nan'] = float('nan')\n"
                   "sd['bytes'] = b'\\xff\\x00'\nsd['str'] = 's\\u00fc\\u00df'\nsd['nested'] = {'a': [1, (2, None)], 3: 1.5}\n"
                   "sd['big'] = 2 ** 200\nsd[b'b'] = 1\n">>, #{handle => SD}),
    Get = fun(Key) -> py:shared_dict_get(SD, Key) end,
    ?assertEqual([none, infinity, neg_infinity, nan], [Get(Key) || Key <- [none, inf, ninf, nan]]),
    ?assertEqual([<<255, 0>>, <<"süß"/utf8>>, 1 bsl 200, 1], [Get(Key) || Key <- [bytes, str, big, b]]),
    ?assertEqual(#{<<"a">> => [1, {2, none}], 3 => 1.5}, Get(nested)),
    ?assertEqual([<<"none">>, <<"inf">>, <<"ninf">>, <<"nan">>, <<"bytes">>, <<"str">>, <<"nested">>, <<"big">>, <<"b">>],
                 py:shared_dict_keys(SD)).

%% What has no Erlang form goes through Erlang unharmed.
opaque_objects(_Config) ->
    SD = new(),
    ok = py:exec(<<"import datetime\nfrom erlang import SharedDict\n"
                   "SharedDict(handle)['when'] = datetime.date(2024, 2, 29)">>, #{handle => SD}),
    {py_object, Type, Pickle} = When = py:shared_dict_get(SD, 'when'),
    ?assertEqual({<<"datetime.date">>, true}, {Type, is_binary(Pickle)}),
    ok = py:shared_dict_set(SD, copy, [When]),
    ?assertEqual({ok, 29}, py:eval(<<"__import__('erlang').SharedDict(handle)['copy'][0].day">>, #{handle => SD})),
    ?assertEqual({ok, true}, py:eval(<<"d == datetime.date(2024, 2, 29)">>, #{d => When})),
    %% nobody looks into the pickle before Python does
    Broken = {py_object, <<"x">>, <<"no pickle">>},
    ok = py:shared_dict_set(SD, broken, Broken),
    ?assertMatch({py_object, _, <<"no pickle">>}, py:shared_dict_get(SD, broken)),
    ?assertMatch({error, _}, py:eval(<<"__import__('erlang').SharedDict(handle)['broken']">>, #{handle => SD})).

inconvertible(_Config) ->
    SD = new(),
    [?assertEqual({Value, {error, {bad_term, Path, Why}}}, {Value, py:shared_dict_set(SD, k, Value)})
     || {Value, Path, Why} <- [{#{a => 1, <<"a">> => 2}, [<<"a">>], duplicate_key},
                               {#{<<"x">> => [0, #{b => 1, <<"b">> => 2}]}, [<<"x">>, 2, <<"b">>], duplicate_key},
                               {{ok, [#{1 => a, 1.0 => b}]}, [2, 1, <<"1.0">>], duplicate_key},
                               {#{true => a, 1 => b}, [<<"true">>], duplicate_key},
                               {[1, #{[1] => 2}], [2, <<"<list>">>], unhashable_key},
                               {#{#{} => 1}, [<<"<map>">>], unhashable_key}]],
    ?assertEqual([], py:shared_dict_keys(SD)).

depth(_Config) ->
    SD = new(),
    Nest = fun(N) -> lists:foldl(fun(_, Acc) -> [Acc] end, [], lists:seq(1, N)) end,
    ok = py:shared_dict_set(SD, k, Nest(400)),
    ?assertEqual(Nest(400), py:shared_dict_get(SD, k)),
    [begin
         {error, {bad_term, Path, depth}} = py:shared_dict_set(SD, k, #{a => Nest(N)}),
         ?assertEqual([<<"a">> | lists:duplicate(510, 1)], Path)
     end || N <- [511, 512, 600, 1000000]],
    ?assertEqual(ok, py:shared_dict_set(SD, other, #{a => Nest(510)})),
    ?assertEqual(Nest(400), py:shared_dict_get(SD, k)),
    %% what Python stores may be deeper, and is said to be when it is read
    ok = py:exec(<<"from erlang import SharedDict\nimport functools\n"
                   "SharedDict(sd)['deep'] = functools.reduce(lambda a, _: [a], range(600), [])">>, #{sd => SD}),
    ?assertMatch({error, {bad_term, [1, 1 | _], depth}}, py:shared_dict_get(SD, deep)),
    %% in code's values just so
    Depth = fun({error, {bad_term, Path, depth}}) -> lists:sublist(Path, 2) end,
    ?assertEqual([<<"x">>, 1], Depth(py:eval(<<"x">>, #{x => Nest(600)}))),
    ?assertEqual([<<"x">>, 1], Depth(py:exec(<<"x">>, [{x, Nest(600)}]))),
    ?assertEqual([2, 1], Depth(py:call(builtins, max, [1, Nest(600)]))),
    ?assertEqual([<<"k">>, 1], Depth(py:call(builtins, dict, [], [{k, Nest(600)}]))),
    ?assertEqual([], Depth(py:await(py:spawn_call(builtins, max, [Nest(600)])))).

many_keys(_Config) ->
    SD = new(),
    ?assertEqual(ok, py:shared_dict_set_many(SD, #{<<"a">> => 1, b => [x], 7 => #{k => undefined}})),
    ?assertEqual(#{<<"a">> => 1, <<"b">> => [<<"x">>], 7 => #{<<"k">> => none}}, py:shared_dict_to_map(SD)),
    ?assertEqual(#{<<"a">> => 1, 7 => #{<<"k">> => none}}, py:shared_dict_get_many(SD, [<<"a">>, missing, 7])),
    ?assertEqual(ok, py:shared_dict_del_many(SD, [b, missing])),
    ?assertEqual([7, <<"a">>], lists:sort(py:shared_dict_keys(SD))),
    %% of equal keys the last counts, at the place of the first
    ?assertEqual(ok, py:shared_dict_set_many(SD, [{x, 1}, {y, 2}, {<<"x">>, 3}])),
    ?assertEqual(3, py:shared_dict_get(SD, x)),
    ?assertEqual([<<"x">>, <<"y">>], py:shared_dict_keys(SD) -- [7, <<"a">>]),
    %% nothing is nothing
    ?assertEqual(ok, py:shared_dict_set_many(SD, [])),
    ?assertEqual(ok, py:shared_dict_set_many(SD, #{})),
    ?assertEqual(ok, py:shared_dict_del_many(SD, [])),
    ?assertEqual(#{}, py:shared_dict_get_many(SD, [])),
    ?assertEqual(#{}, py:shared_dict_to_map(new())),
    %% Python sees them, and writes as many
    Code = <<"from erlang import SharedDict\n"
             "sd = SharedDict(handle)\n"
             "found = sd.get_many(['a', b'x', 'missing', 7])\n"
             "sd.update({'from': 'python'}, also='this')\n">>,
    ok = py:exec(Code, #{handle => SD}),
    ?assertEqual({ok, #{<<"a">> => 1, <<"x">> => 3, 7 => #{<<"k">> => none}}}, py:eval(<<"found">>)),
    ?assertEqual(#{from => <<"python">>, also => <<"this">>}, py:shared_dict_get_many(SD, [from, also])).

%% The map has the keys as they were asked for.
many_keys_of_other_kinds(_Config) ->
    SD = new(),
    ok = py:shared_dict_set(SD, k, 1),
    ?assertEqual(#{k => 1, <<"k">> => 1}, py:shared_dict_get_many(SD, [k, <<"k">>, k])),
    ok = py:shared_dict_set_many(SD, [{N, N} || N <- lists:seq(0, 300)]),
    ?assertEqual(maps:from_list([{N, N} || N <- [1, 2, 3]]), py:shared_dict_get_many(SD, [1, 2, 3])),
    ?assertEqual(302, map_size(py:shared_dict_to_map(SD))),
    ok = py:shared_dict_del_many(SD, lists:seq(0, 300)),
    ?assertEqual([<<"k">>], py:shared_dict_keys(SD)).

many_wrong_keys(_Config) ->
    SD = new(),
    Explained = fun(Function, Args) -> {_, Text} = py_ct:badarg_text(fun() -> apply(py, Function, Args) end), Text end,
    [contains(Explained(Function, [SD, Keys]), <<"argument 2: must be a list of keys">>)
     || Function <- [shared_dict_get_many, shared_dict_del_many], Keys <- [k, [1.0], [k | k], [[]], #{}, ["string"]]],
    [contains(Explained(shared_dict_set_many, [SD, Pairs]), <<"argument 2: must be a map or list of pairs">>)
     || Pairs <- [k, [k], [{1.0, 1}], #{{} => 1}, [{k, 1} | k], [{k, 1, 2}]]],
    [contains(Explained(Function, [x, []]), <<"argument 1: not a SharedDict handle">>)
     || Function <- [shared_dict_get_many, shared_dict_set_many, shared_dict_del_many]],
    contains(Explained(shared_dict_to_map, [x]), <<"argument 1: not a SharedDict handle">>),
    ok = py:shared_dict_destroy(SD),
    [contains(Explained(Function, [SD, []]), <<"argument 1: the SharedDict has been destroyed">>)
     || Function <- [shared_dict_get_many, shared_dict_set_many, shared_dict_del_many]].

many_or_nothing(_Config) ->
    SD = new(),
    ok = py:shared_dict_set(SD, a, old),
    Nest = fun(N) -> lists:foldl(fun(_, Acc) -> [Acc] end, [], lists:seq(1, N)) end,
    [?assertEqual({error, {bad_term, Path, Why}}, py:shared_dict_set_many(SD, [{a, new}, {b, Value}, {c, 1}]))
     || {Value, Path, Why} <- [{#{x => 1, <<"x">> => 2}, [<<"b">>, <<"x">>], duplicate_key},
                               {[0, #{#{} => 1}], [<<"b">>, 2, <<"<map>">>], unhashable_key},
                               {Nest(600), [<<"b">> | lists:duplicate(509, 1)], depth}]],
    ?assertMatch({error, {frame_too_large, _, _}},
                 py:shared_dict_set_many(SD, [{a, new}, {b, binary:copy(<<0>>, 17 bsl 20)}])),
    ?assertEqual({error, {table_full, max_key_bytes}},
                 py:shared_dict_set_many(SD, [{a, new}, {binary:copy(<<"k">>, 65536), 1}])),
    ?assertEqual(#{<<"a">> => <<"old">>}, py:shared_dict_to_map(SD)),
    %% so does Python
    Code = <<"sd = __import__('erlang').SharedDict(handle)\n"
             "def refused(error, *args, **names):\n"
             "  try: sd.update(*args, **names)\n"
             "  except error as raised: return str(raised)\n"
             "  raise AssertionError('stored')\n"
             "texts = [refused(TypeError, {'a': 'new', 'b': (n for n in ())}), refused(TypeError, {'a': 'new', 1.5: 0}),\n"
             "         refused(ValueError, [('a', 'new'), (1, 2, 3)]), refused(TypeError, [('a', 'new'), 5]),\n"
             "         refused(MemoryError, {'a': 'new', 'k' * 65536: 1})]\n">>,
    ok = py:exec(Code, #{handle => SD}),
    {ok, [_, _, <<"update() element 1 is no pair of key and value">>, <<"update() element 1 is no pair of key and value">>, Full]} =
        py:eval(<<"texts">>),
    contains(Full, <<"max_key_bytes">>),
    ?assertEqual(#{<<"a">> => <<"old">>}, py:shared_dict_to_map(SD)).

many_large_values(_Config) ->
    SD = new(),
    Values = maps:from_list([{N, binary:copy(<<N>>, 100 bsl 10)} || N <- lists:seq(1, 40)]),
    ?assertEqual(ok, py:shared_dict_set_many(SD, Values)),
    ?assert(Values =:= py:shared_dict_to_map(SD)),
    ?assert(maps:with([3, 4], Values) =:= py:shared_dict_get_many(SD, [3, 4])),
    ?assertMatch(#{pinned := 0}, py:info(SD)),
    %% more than a frame holds
    ok = py:exec(<<"__import__('erlang').SharedDict(handle)['large'] = b'x' * (15 << 20)">>, #{handle => SD}),
    ?assertMatch({error, {frame_too_large, _, 16777216}}, py:shared_dict_to_map(SD)),
    ?assert(maps:with([3, 4], Values) =:= py:shared_dict_get_many(SD, [3, 4])).

%% Two keys that are always written together are never read apart, by whomever.
many_at_one_moment(_Config) ->
    SD = new(),
    ok = py:shared_dict_set_many(SD, [{a, 0}, {b, 0}]),
    Python = py:spawn_call(builtins, exec,
                           [<<"for n in range(20000): sd.update(a=n, b=n)">>, #{sd => SD}], #{}, 60000),
    Test = self(),
    _ = spawn_link(fun() -> [ok = py:shared_dict_set_many(SD, #{a => -N, b => -N}) || N <- lists:seq(1, 2000)], Test ! written end),
    Look = fun Look(N) ->
                   #{a := A, b := B} = py:shared_dict_get_many(SD, [a, b]),
                   ?assertEqual(A, B),
                   receive written -> N after 0 -> Look(N + 1) end
           end,
    ?assert(Look(1) > 10),
    ?assertEqual({ok, none}, py:await(Python)).

old_value_stays(_Config) ->
    SD = new(),
    ok = py:shared_dict_set(SD, k, old),
    {error, {bad_term, [<<"a">>], duplicate_key}} = py:shared_dict_set(SD, k, #{a => 1, <<"a">> => 2}),
    {error, {frame_too_large, _, _}} = py:shared_dict_set_many(SD, #{k => binary:copy(<<0>>, 17 bsl 20)}),
    ?assertEqual(<<"old">>, py:shared_dict_get(SD, k)).

sizes(_Config) ->
    SD = new(),
    [begin
         Value = crypto:strong_rand_bytes(Size),
         ok = py:shared_dict_set(SD, k, Value),
         ?assert(Value =:= py:shared_dict_get(SD, k)),
         ok = py:shared_dict_set(SD, k, [Value]),
         ?assert([Value] =:= py:shared_dict_get(SD, k))
     end || Size <- [0, 1, 255, 256, 511, 512, 4096, 4097, 65535, 65536, 100 bsl 10, 1 bsl 20, 15 bsl 20]].

frame_too_large(_Config) ->
    SD = new(),
    Max = 16 bsl 20,
    Set = fun(Value) -> py:shared_dict_set_many(SD, [{k, Value}]) end,   % one frame; single values go in parts
    {error, {frame_too_large, Size, Max}} = Set(binary:copy(<<0>>, Max)),
    ?assert(Size > Max),
    %% the largest that goes: a frame of Max bytes
    Overhead = Size - Max,
    Value = binary:copy(<<1>>, Max - Overhead),
    ?assertEqual(ok, Set(Value)),
    ?assertMatch({error, {frame_too_large, _, Max}}, Set(<<Value/binary, 1>>)).

reply_too_large(_Config) ->
    SD = new(),
    ok = py:exec(<<"from erlang import SharedDict\nSharedDict(handle)['k'] = b'x' * (17 << 20)">>, #{handle => SD}),
    ?assertMatch({error, {frame_too_large, _, 16777216}}, py:shared_dict_get_many(SD, [k])),
    ?assertMatch({error, {frame_too_large, _, 16777216}}, py:shared_dict_to_map(SD)),
    ?assertMatch({error, {frame_too_large, _, 16777216}}, py:eval(<<"b'x' * (17 << 20)">>)),
    ?assertEqual([<<"k">>], py:shared_dict_keys(SD)).

handles_in_dicts(_Config) ->
    SD = new(),
    Inner = new(),
    ok = py:shared_dict_set(Inner, x, 7),
    ok = py:shared_dict_set(SD, inner, Inner),
    ?assertEqual(Inner, py:shared_dict_get(SD, inner)),
    ?assertEqual({ok, 7}, py:eval(<<"__import__('erlang').SharedDict(sd)['inner']['x']">>, #{sd => SD})),
    ?assertEqual({ok, Inner}, py:eval(<<"__import__('erlang').SharedDict(sd)['inner']">>, #{sd => SD})).

other_processes(_Config) ->
    SD = new(),
    [ok = in_process(fun() -> py:shared_dict_set(SD, N, N * N) end) || N <- lists:seq(1, 10)],
    ?assertEqual([N * N || N <- lists:seq(1, 10)], [py:shared_dict_get(SD, N) || N <- lists:seq(1, 10)]).

many_dicts(_Config) ->
    #{dicts := Before} = py:info(),
    Dicts = [new() || _ <- lists:seq(1, 1000)],
    [ok = py:shared_dict_set(SD, k, N) || {N, SD} <- lists:zip(lists:seq(1, 1000), Dicts)],
    ?assertEqual(lists:seq(1, 1000), [py:shared_dict_get(SD, k) || SD <- Dicts]),
    ?assertEqual(1000, length(lists:usort(Dicts))),
    ?assertEqual(Before + 1000, maps:get(dicts, py:info())),
    [ok = py:shared_dict_destroy(SD) || SD <- Dicts],
    ?assertEqual(Before, maps:get(dicts, py:info())).

%% No read sees half a write, and the last write of each is what is there.
concurrent_writers(_Config) ->
    SD = new(),
    Value = fun(Writer, N) -> lists:duplicate(50, {Writer, N}) end,
    Write = fun(Writer) ->
                    [begin
                         ok = py:shared_dict_set(SD, shared, Value(Writer, N)),
                         Seen = py:shared_dict_get(SD, shared),
                         ?assertMatch([_], lists:usort(Seen)),
                         ok = py:shared_dict_set(SD, Writer, N)
                     end || N <- lists:seq(1, 200)]
            end,
    Pids = [spawn_monitor(fun() -> Write(Writer) end) || Writer <- lists:seq(1, 8)],
    [receive {'DOWN', Monitor, process, Pid, Why} -> ?assertEqual(normal, Why) end || {Pid, Monitor} <- Pids],
    ?assertEqual(lists:duplicate(8, 200), [py:shared_dict_get(SD, Writer) || Writer <- lists:seq(1, 8)]).

%%% Limits: an error that names what was reached, in both languages; the old value stays, all else works on

max_key_bytes(Config) ->
    limited(Config, [{max_key_bytes, 100}], fun(SD) ->
        ok = py:shared_dict_set(SD, binary:copy(<<"k">>, 100), 1),
        full(SD, max_key_bytes, fun() -> py:shared_dict_set(SD, binary:copy(<<"k">>, 101), 1) end,
             <<"sd['k' * 101] = 1">>)
    end).

max_dict_keys(Config) ->
    limited(Config, [{max_dict_keys, 10}], fun(SD) ->
        [ok = py:shared_dict_set(SD, N, N) || N <- lists:seq(1, 9)],
        full(SD, max_dict_keys, fun() -> py:shared_dict_set(SD, eleventh, 1) end, <<"sd['eleventh'] = 1">>),
        %% replacing takes no more keys, and a deleted one makes room
        ok = py:shared_dict_set(SD, 1, again),
        ok = py:shared_dict_del(SD, 2),
        ok = py:shared_dict_set(SD, eleventh, 1)
    end).

max_dict_bytes(Config) ->
    limited(Config, [{max_dict_bytes, 100000}], fun(SD) ->
        Value = binary:copy(<<"v">>, 90000),
        ok = py:shared_dict_set(SD, large, Value),
        full(SD, max_dict_bytes, fun() -> py:shared_dict_set(SD, more, binary:copy(<<"v">>, 20000)) end,
             <<"sd['more'] = 'v' * 20000">>),
        ?assertEqual({error, {table_full, max_dict_bytes}}, py:shared_dict_set(SD, large, binary:copy(<<"w">>, 110000))),
        ?assertEqual(Value, py:shared_dict_get(SD, large)),
        {ok, Other} = py:shared_dict_new(),
        ok = py:shared_dict_set(Other, large, Value),
        ok = py:shared_dict_del(SD, large),
        ok = py:shared_dict_set(SD, more, binary:copy(<<"v">>, 20000))
    end).

max_dicts(Config) ->
    limited(Config, [{max_dicts, 5}], fun(SD) ->
        Dicts = [new() || _ <- lists:seq(1, 4)],
        ?assertEqual({error, {table_full, max_dicts}}, py:shared_dict_new()),
        ok = py:shared_dict_set(SD, works, on),
        ok = py:shared_dict_destroy(hd(Dicts)),
        _ = new()
    end).

max_table_bytes(Config) ->
    limited(Config, [{max_table_bytes, 32 bsl 20}], fun(SD) -> fill(SD, max_table_bytes) end).

%% As large as a container's /dev/shm is. Whoever is not root may not mount one; then a table as large as that stands for it.
small_shared_memory(Config) ->
    Folder = filename:join(?config(priv_dir, Config), "shm"),
    ok = filelib:ensure_dir(filename:join(Folder, "x")),
    case os:cmd("mount -t tmpfs -o size=64m none '" ++ Folder ++ "' 2>&1") of
        "" ->
            try limited(Config, [{table_dir, Folder}], fun(SD) -> fill(SD, shared_memory) end)
            after "" = os:cmd("umount '" ++ Folder ++ "'")
            end;
        Refused ->
            ct:pal("no tmpfs: ~ts", [Refused]),
            limited(Config, [{max_table_bytes, 64 bsl 20}], fun(SD) -> fill(SD, max_table_bytes) end)
    end.

%% Until there is no room, more than once; what was acknowledged is there.
fill(SD, Limit) ->
    Value = binary:copy(<<"v">>, 1 bsl 20),
    [begin
         Count = fill(SD, Limit, Value, 0),
         ?assert(Count >= 8),
         ?assertEqual(lists:duplicate(Count, true), [py:shared_dict_get(SD, N) =:= Value || N <- lists:seq(1, Count)]),
         full(SD, Limit, fun() -> py:shared_dict_set(SD, more, Value) end, <<"sd['more'] = 'v' * (1 << 20)">>),
         [ok = py:shared_dict_del(SD, N) || N <- lists:seq(1, Count)]
     end || _ <- [1, 2, 3]].

fill(SD, Limit, Value, Count) ->
    case py:shared_dict_set(SD, Count + 1, Value) of
        ok -> fill(SD, Limit, Value, Count + 1);
        {error, {table_full, Limit}} -> Count
    end.

limited(Config, Limits, Fun) ->
    ok = py_ct:stop(Config),
    Started = py_ct:start([], Limits),
    try in_process(fun() -> Fun(new()) end)
    after
        py_ct:stop(Started),
        py_ct:start([], [{max_frame, 16 bsl 20}])
    end.

%% There is no room for it from Erlang, nor from Python, nor by halves.
full(SD, Limit, Set, Statement) ->
    ok = py:shared_dict_set(SD, old, value),
    Before = py:shared_dict_keys(SD),
    ?assertEqual({error, {table_full, Limit}}, Set()),
    {error, {'MemoryError', #{message := Message}}} = py:exec(Statement, #{sd => SD}),
    contains(Message, binary:replace(atom_to_binary(Limit, utf8), <<"shared_memory">>, <<"shared memory">>)),
    ?assertEqual(Before, py:shared_dict_keys(SD)),
    ?assertEqual(<<"value">>, py:shared_dict_get(SD, old)),
    ?assertEqual({ok, <<"value">>}, py:eval(<<"sd['old']">>, #{sd => SD})).

%% What Python got is a copy.
isolation(_Config) ->
    SD = new(),
    ok = py:shared_dict_set(SD, k, [1]),
    ok = py:exec(<<"from erlang import SharedDict\nx = SharedDict(sd)['k']\nx.append(2)">>, #{sd => SD}),
    ?assertEqual([1], py:shared_dict_get(SD, k)).

%% Requests take no message that is not theirs, and leave none.
mailbox_is_left_alone(_Config) ->
    SD = new(),
    [self() ! {make_ref(), N, <<"noise">>} || N <- lists:seq(1, 1000)],
    [ok = py:shared_dict_set(SD, k, N) || N <- lists:seq(1, 100)],
    ?assertEqual(100, py:shared_dict_get(SD, k)),
    ?assertError(badarg, py:shared_dict_get(no_handle, k)),
    ?assertMatch([_ | _], py_ct:flush()),
    ok = py:shared_dict_destroy(SD),
    ?assertEqual([], py_ct:flush()).

%% Last: it stops the application. end_per_suite counts leaks, so it is started again.
not_running(Config) ->
    SD = new(),
    ok = application:stop(pyport),
    [?assertExit({port_down, _}, apply(py, Function, Args)) || {Function, Args} <- operations(SD)],
    ?assertExit({port_down, _}, py:shared_dict_new()),
    ?assertExit({port_down, _}, py:shared_dict_destroy(SD)),
    ?assertExit({port_down, _}, py:eval(<<"1">>)),
    ?assertExit({port_down, _}, py:call(math, sqrt, [1])),
    ?assertExit({port_down, _}, py:spawn_call(math, sqrt, [1])),
    ?assertExit({port_down, _}, py:cast(math, sqrt, [1])),
    ?assertExit({port_down, _}, py:info()),
    ?assertExit({port_down, _}, py:version()),
    {ok, _} = application:ensure_all_started(pyport),
    _ = Config,
    %% the handle of before names nothing now
    ?assertError(badarg, py:shared_dict_get(SD, <<"k">>)).

%%% Helpers

new() ->
    {ok, SD} = py:shared_dict_new(),
    SD.

in_process(Fun) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({result, Fun()}) end),
    receive {'DOWN', Monitor, process, Pid, {result, Result}} -> Result end.

contains(Text, Words) ->
    binary:match(Text, Words) =/= nomatch orelse ct:fail({missing, Words, Text}).
