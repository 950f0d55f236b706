%% The files in examples/ are what the documentation shows; each is run as a reader would run it, as an
%% OS process of its own.
-module(py_examples_SUITE).

-export([all/0, suite/0]).
-export([readme_session/1, shared_dict/1, configuration/1, session/1, cache/1, search/1, search_other_query/1, search_empty_folder/1]).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

suite() -> [{timetrap, {minutes, 3}}].

all() -> [readme_session, shared_dict, configuration, session, cache, search, search_other_query, search_empty_folder].

%% The first screen of the README, pasted into a shell: what stands below each prompt comes out, in that
%% order. An ellipsis stands for anything. rebar3's shell has started crypto before.
readme_session(Config) ->
    {ok, Readme} = file:read_file(filename:join(root(code:lib_dir(pyport)), "README.md")),
    {match, [Session]} = re:run(Readme, "```erlang\n\\$ rebar3 shell\n(.*?)```", [dotall, {capture, all_but_first, binary}]),
    [_ | Prompts] = re:split(Session, "^[0-9]+> ", [multiline]),
    {Inputs, Outputs} = lists:unzip([input_and_output(Prompt) || Prompt <- Prompts]),
    ?assertEqual(12, length(Inputs)),
    Shown = without_blanks(shell(Config, Inputs)),
    Parts = lists:append([re:split(without_blanks(Output), <<"\\.\\.\\.">>) || Output <- Outputs]),
    in_order(Parts, Shown).

%% The input ends with the first line that ends with a full stop, but for a comment.
input_and_output(Prompt) ->
    {match, [Input, Output]} = re:run(Prompt, "^(.*?\\.)[ ]*(?:%[^\n]*)?\n(.*)$",
                                      [dotall, {capture, all_but_first, binary}]),
    {Input, Output}.

shell(Config, Inputs) ->
    File = filename:join(?config(priv_dir, Config), "session"),
    ok = file:write_file(File, [[Input, $\n] || Input <- Inputs ++ [<<"halt().">>]]),
    Command = "exec erl -s crypto -pa " ++ filename:join(code:lib_dir(pyport), "ebin") ++ " < " ++ File,
    Port = open_port({spawn_executable, "/bin/sh"},
                     [{args, ["-c", Command]}, binary, exit_status, stderr_to_stdout, use_stdio, hide]),
    {0, Output} = collect(Port, <<>>),
    Output.

without_blanks(Text) -> re:replace(Text, "[ \n]", "", [global, {return, binary}]).

in_order([], _) -> ok;
in_order([Part | Parts], Text) ->
    case binary:split(Text, Part) of
        [_, Rest] -> in_order(Parts, Rest);
        [_] when Part =:= <<>> -> in_order(Parts, Text);
        [_] -> ct:fail({not_shown, Part, Text})
    end.

shared_dict(_Config) ->
    {0, Output} = example("shared_dict.escript", []),
    in_order([<<"default: default_value\nkeys: [<<\"config\">>]\n">>,
              <<"Host: localhost\nConfig found\nKey: config\nKey: result\n">>,
              <<"destroyed: badarg\n">>], Output).

configuration(_Config) ->
    {0, Output} = example("configuration.escript", []),
    contains(Output, "rows_processed"),
    contains(Output, "localhost:5432").

session(_Config) ->
    {0, Output} = example("session.escript", []),
    contains(Output, "cart of user 17: [4711,4712]").

cache(_Config) ->
    {0, Output} = example("cache.escript", []),
    contains(Output, "computed: 333328333350000").

%% The demo on documents whose ranking is known: only one of them is about herons.
search(Config) ->
    Folder = documents(Config, [{"heron.txt", "The heron\n" ++ lists:duplicate(20, "heron stands in the shallow water ")},
                                {"water.txt", "Water\n" ++ lists:duplicate(20, "water runs down to the sea ")},
                                {"noise.txt", "Noise\n" ++ lists:duplicate(50, "words about many other things ")}]),
    {0, Output} = example("search.escript", [Folder, "heron"]),
    contains(Output, "indexes 3 documents"),
    contains(Output, "100 %"),
    contains(Output, "heron   (1 match,"),
    contains(Output, "heron.txt  The heron"),
    contains(Output, "2 dicts before, 0 now"),
    contains(Output, "error badarg: "),
    contains(Output, "no process of pyport is left").

%% The better match stands first.
search_other_query(Config) ->
    Folder = documents(Config, [{"little.txt", "Little\nsea and many other words that matter more than it"},
                                {"much.txt", "Much\nsea sea sea sea sea sea sea sea"},
                                {"none.txt", "None\nnothing of the kind"}]),
    {0, Output} = example("search.escript", [Folder, "sea"]),
    [{Much, _}, {Little, _}] = [binary:match(Output, Title) || Title <- [<<"much.txt">>, <<"little.txt">>]],
    ?assert(Much < Little),
    ?assertEqual(nomatch, binary:match(Output, <<"none.txt">>)).

search_empty_folder(Config) ->
    {Status, Output} = example("search.escript", [documents(Config, [])]),
    ?assertEqual(1, Status),
    contains(Output, "no text documents in").

%%% Helpers

documents(Config, Files) ->
    Folder = filename:join(?config(priv_dir, Config), "documents"),
    _ = file:del_dir_r(Folder),
    ok = filelib:ensure_dir(filename:join(Folder, "x")),
    [ok = file:write_file(filename:join(Folder, Name), Text) || {Name, Text} <- Files],
    Folder.

%% Runs an example with the application that is under test; gives its exit status and all of its output.
example(Name, Args) ->
    Script = filename:join([root(code:lib_dir(pyport)), "examples", Name]),
    Libs = filename:dirname(code:lib_dir(pyport)),
    Port = open_port({spawn_executable, os:find_executable("escript")},
                     [{args, [Script | Args]}, {env, [{"ERL_LIBS", Libs}]},
                      binary, exit_status, stderr_to_stdout, use_stdio, hide]),
    collect(Port, <<>>).

collect(Port, Output) ->
    receive
        {Port, {data, Data}} -> collect(Port, <<Output/binary, Data/binary>>);
        {Port, {exit_status, Status}} ->
            ct:pal("~ts", [Output]),
            {Status, Output}
    after 120000 ->
        ct:fail({no_end, Output})
    end.

%% The nearest folder above that holds the examples.
root(Folder) ->
    case filelib:is_regular(filename:join([Folder, "examples", "shop.py"])) of
        true -> Folder;
        false when Folder =:= "/" -> ct:fail("no examples above the application's folder");
        false -> root(filename:dirname(Folder))
    end.

contains(Output, Text) ->
    binary:match(Output, list_to_binary(Text)) =/= nomatch orelse ct:fail({missing, Text, Output}).
